import { expect, it } from 'vitest';
import { withoutFiles } from '@/shared/api/cameras';
import type { Schemas } from '@/shared/api/client';
import { i18n, type Text } from '@/shared/i18n/i18n';
import { HEALTH_COLOURS, health, healthText, inOrder } from './health';

const t: Text = (id, values) => i18n._(id, values);

function camera(id: string, change: Partial<Schemas['Camera']> = {}): Schemas['Camera'] {
  const at = '2026-11-02T00:00:00Z';
  const settings = { name: id };
  return {
    id,
    site_id: 's',
    settings,
    has_credentials: false,
    pending: false,
    created_at: at,
    changed_at: at,
    ...change,
  };
}

const silent: Schemas['LiveCamera'] = { camera_id: 'a', state: 'silent', age_seconds: 180 };
const live: Schemas['LiveCamera'] = { camera_id: 'a', state: 'live', age_seconds: 0.1 };

it('a camera that is switched off is not reported as silent', () => {
  expect(health(camera('a', { settings: { enabled: false } }), new Map([['a', silent]]))).toBe('off');
});

it('a camera is said to be silent for how long', () => {
  expect(healthText(camera('a'), new Map([['a', silent]]), t)).toBe('No picture for 3 minutes');
  expect(healthText(camera('a'), new Map([['a', { ...silent, age_seconds: 1 }]]), t)).toBe('No picture for 1 second');
});

it('a change that is not in effect explains why nothing is seen', () => {
  expect(health(camera('a', { pending: true }), new Map())).toBe('pending');
  expect(health(camera('a', { pending: true }), new Map([['a', live]]))).toBe('live');
  expect(health(camera('a'), new Map())).toBe('unknown');
});

it('before the server has said how the cameras are, none is said to be silent', () => {
  expect(health(camera('a'), undefined)).toBe('unasked');
  expect(healthText(camera('a'), undefined, t)).toBe('Its state is not known now');
  expect(inOrder([camera('b'), camera('a')], undefined).map((one) => one.id)).toEqual(['a', 'b']);
});

it('a video file that is at its end is not silent, and is no camera of a list', () => {
  const idle: Schemas['LiveCamera'] = { camera_id: 'a', state: 'idle' };
  const file = camera('a', { upload_id: 'upload' });
  expect(healthText(file, new Map([['a', idle]]), t)).toBe('A recording of which nothing is analysed now');
  expect(HEALTH_COLOURS.idle).toBe(HEALTH_COLOURS.off);
  expect(withoutFiles([file, camera('b')]).map((one) => one.id)).toEqual(['b']);
});

it('cameras that nobody sees come first', () => {
  const states = new Map([
    ['b', live],
    ['c', silent],
  ]);
  const order = inOrder([camera('b'), camera('a', { settings: { enabled: false } }), camera('c')], states);
  expect(order.map((one) => one.id)).toEqual(['c', 'b', 'a']);
});
