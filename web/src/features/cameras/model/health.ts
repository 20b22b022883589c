import type { Schemas } from '@/shared/api/client';
import type { Text } from '@/shared/i18n/i18n';
import { age } from '@/shared/model/time';

export type Health = Schemas['LiveState'] | 'off' | 'pending';

/** How a camera is, for people: its settings and what inference last saw of it. */
export function health(camera: Schemas['Camera'], live: Schemas['LiveCamera'] | undefined): Health {
  if (camera.settings.enabled === false) return 'off';
  if (live?.state === 'live') return 'live';
  if (camera.pending) return 'pending';
  return live?.state ?? 'unknown';
}

export function healthText(camera: Schemas['Camera'], live: Schemas['LiveCamera'] | undefined, t: Text): string {
  const state = health(camera, live);
  switch (state) {
    case 'live':
      return t('health.live', { rate: Math.round((live?.frame?.frames_per_second ?? 0) * 10) / 10 });
    case 'silent': {
      const { value, unit } = age(live?.age_seconds ?? 0);
      return t(`health.silent-${unit}`, { value });
    }
    default:
      return t(`health.${state}`);
  }
}

export const HEALTH_COLOURS: Record<Health, string> = {
  live: 'var(--state-ok)',
  silent: 'var(--state-failed)',
  unknown: 'var(--state-failed)',
  idle: 'var(--state-off)',
  pending: 'var(--state-waits)',
  off: 'var(--state-off)',
};

/** Those that nobody sees come first, then by name. */
export function inOrder(
  cameras: Schemas['Camera'][],
  live: ReadonlyMap<string, Schemas['LiveCamera']>,
): Schemas['Camera'][] {
  const rank = (camera: Schemas['Camera']) =>
    ['silent', 'unknown', 'pending', 'live', 'idle', 'off'].indexOf(health(camera, live.get(camera.id)));
  const name = (camera: Schemas['Camera']) => camera.settings.name || camera.id;
  return [...cameras].sort((a, b) => rank(a) - rank(b) || name(a).localeCompare(name(b)) || a.id.localeCompare(b.id));
}
