import type { Schemas } from '@/shared/api/client';
import type { Text } from '@/shared/i18n/i18n';
import { age } from '@/shared/model/time';

export type Health = Schemas['LiveState'] | 'off' | 'pending' | 'unasked';

/** What the server says of the cameras now; `undefined` while it has not said anything. */
export type LiveStates = ReadonlyMap<string, Schemas['LiveCamera']> | undefined;

/** How a camera is, for people: its settings and what inference last saw of it. */
export function health(camera: Schemas['Camera'], states: LiveStates): Health {
  if (camera.settings.enabled === false) return 'off';
  if (!states) return 'unasked';
  const live = states.get(camera.id);
  if (live?.state === 'live') return 'live';
  if (camera.pending) return 'pending';
  return live?.state ?? 'unknown';
}

export function healthText(camera: Schemas['Camera'], states: LiveStates, t: Text): string {
  const state = health(camera, states);
  const live = states?.get(camera.id);
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
  unasked: 'var(--state-off)',
  idle: 'var(--state-off)',
  pending: 'var(--state-waits)',
  off: 'var(--state-off)',
};

/** Those that nobody sees come first, then by name. */
export function inOrder(cameras: Schemas['Camera'][], states: LiveStates): Schemas['Camera'][] {
  const rank = (camera: Schemas['Camera']) =>
    ['silent', 'unknown', 'pending', 'unasked', 'live', 'idle', 'off'].indexOf(health(camera, states));
  const name = (camera: Schemas['Camera']) => camera.settings.name || camera.id;
  return [...cameras].sort((a, b) => rank(a) - rank(b) || name(a).localeCompare(name(b)) || a.id.localeCompare(b.id));
}
