import { expect, it } from 'vitest';
import type { Schemas } from '@/shared/api/client';
import {
  classesOf,
  directionOf,
  draftOf,
  newRule,
  seconds,
  wanted,
  withClasses,
  withDirection,
  withSeconds,
} from './settings';

const before: Schemas['CameraSettings'] = {
  name: 'North',
  pull: { url: 'rtsp://192.0.2.7/1', transport: 'udp', tls: { insecure: true } },
  output: { encoding: 'jpeg', jpeg_quality: 80, max_fps: 5, max_height: 720, max_width: 1280, pipeline: 'auto' },
  zones: [
    {
      id: 'crossing',
      name: '',
      polygon: [
        [0, 0],
        [1, 0],
        [1, 1],
      ],
    },
  ],
  lines: [],
  rules: [{ id: 'r', zone_presence: { zone: 'crossing' } }],
};

it('what the form does not show stays', () => {
  const { settings, credentials } = wanted(draftOf(before), before);
  expect(settings.output).toEqual(before.output);
  expect(settings.pull).toEqual(before.pull);
  expect(settings.zones).toEqual(before.zones);
  expect(settings.rules).toEqual(before.rules);
  expect(credentials).toBeUndefined();
});

it('a login is sent only when it is typed, and can be removed', () => {
  const draft = draftOf(before);
  expect(wanted({ ...draft, username: 'u', password: 'p' }, before).credentials).toEqual({
    username: 'u',
    password: 'p',
  });
  expect(wanted({ ...draft, forgetLogin: true }, before).credentials).toBeNull();
});

it('a new camera is blurred unless somebody says otherwise', () => {
  expect(wanted(draftOf(undefined), undefined).settings.privacy).toEqual({ blur: true });
  expect(wanted({ ...draftOf(undefined), blur: false }, undefined).settings.privacy).toEqual({ blur: false });
});

it('blurring is asked for, and taken back', () => {
  expect(wanted(draftOf(before), before).settings.privacy).toBeUndefined();
  const blurred = wanted({ ...draftOf(before), blur: true }, before).settings;
  expect(blurred.privacy).toEqual({ blur: true });
  expect(wanted({ ...draftOf(blurred), blur: false }, blurred).settings.privacy).toEqual({ blur: false });
});

it('rules go with their zone', () => {
  expect(wanted({ ...draftOf(before), shapes: [] }, before).settings.rules).toEqual([]);
});

it('a camera that pushes has no address', () => {
  const { settings } = wanted({ ...draftOf(before), source: 'push', path: 'north' }, before);
  expect(settings.pull).toBeNull();
  expect(settings.push).toEqual({ path: 'north' });
});

it('new rules have ids of their own', () => {
  const first = newRule('dwell', 'crossing', []);
  const second = newRule('dwell', 'crossing', [first]);
  expect([first.id, second.id]).toEqual(['crossing-dwell', 'crossing-dwell-2']);
  expect(seconds(withSeconds(second, 5))).toBe(5);
});

it('a rule about a line has a direction, others have none', () => {
  const crossing = newRule('line_crossing', 'kerb', []);
  expect(directionOf(crossing)).toBe('both');
  expect(directionOf(withDirection(crossing, 'in'))).toBe('in');
  const dwell = newRule('dwell', 'crossing', []);
  expect(directionOf(dwell)).toBeUndefined();
  expect(withDirection(dwell, 'in')).toEqual(dwell);
});

it('the kinds of road users of a rule are changed, whatever its kind', () => {
  for (const kind of ['presence', 'dwell', 'line_crossing'] as const) {
    const rule = newRule(kind, 'kerb', []);
    expect(classesOf(rule)).toEqual([]);
    const changed = withClasses(rule, ['cyclist']);
    expect(classesOf(changed)).toEqual(['cyclist']);
    expect(classesOf(withClasses(changed, []))).toEqual([]);
  }
});

it('a place is sent when it is known, and taken back', () => {
  expect(wanted(draftOf(before), before).settings.location).toBeNull();
  const placed = wanted({ ...draftOf(before), latitude: 52.5, longitude: '13.25', heading: 0 }, before).settings;
  expect(placed.location).toEqual({ latitude: 52.5, longitude: 13.25, heading: 0 });
  expect(wanted(draftOf(placed), placed).settings.location).toEqual(placed.location);
  expect(wanted({ ...draftOf(placed), heading: '' }, placed).settings.location).toEqual({
    latitude: 52.5,
    longitude: 13.25,
  });
  expect(wanted({ ...draftOf(placed), latitude: '', longitude: '' }, placed).settings.location).toBeNull();
});
