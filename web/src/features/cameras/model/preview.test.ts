import { expect, it } from 'vitest';
import type { Schemas } from '@/shared/api/client';
import { drawnRules, limits, marks } from './preview';
import type { Shape } from './shapes';

const result: Schemas['RulePreview'] = {
  from: '2026-03-01T12:00:00Z',
  to: '2026-03-01T13:00:00Z',
  frames: 36_000,
  first_frame: '2026-03-01T12:00:00Z',
  last_frame: '2026-03-01T12:59:59Z',
  watched_seconds: 3599,
  truncated: false,
  unjudged_frames: 0,
  rules: [],
  alerts: [],
};

it('a whole hour has no limits, and each gap is said', () => {
  expect(limits(result)).toEqual([]);
  expect(limits({ ...result, watched_seconds: 1800 })).toEqual(['partly']);
  expect(limits({ ...result, watched_seconds: 1800, truncated: true })).toEqual(['truncated']);
  expect(limits({ ...result, frames: 0, watched_seconds: 0, unjudged_frames: 36_000 })).toEqual(['nothing', 'older']);
});

it('neither address nor login of the camera is asked with', () => {
  const drawn = drawnRules({ name: 'Gate', pull: { url: 'rtsp://192.0.2.7/1' }, rules: [{ id: 'r' }] });
  expect(drawn).toEqual({ zones: [], lines: [], rules: [{ id: 'r' }] });
});

it('an alert has the colour of its zone or line, and none when that is gone', () => {
  const shapes: Shape[] = [
    { kind: 'zone', id: 'crossing', name: '', points: [] },
    { kind: 'line', id: 'kerb', name: '', points: [] },
  ];
  const rules: Schemas['Rule'][] = [
    { id: 'passes', line_crossing: { line: 'kerb' } },
    { id: 'old', dwell: { zone: 'removed', seconds: 3 } },
  ];
  const alert = { at: '2026-03-01T12:30:00Z', track_id: 'cam.1.7', has_snapshot: false, x: 0.25, y: 0.75 };
  const found = marks(
    ['passes', 'old', 'unknown'].map((rule_id) => ({ ...alert, rule_id })),
    rules,
    shapes,
  );
  expect(found.map(({ shape, x, y }) => [shape, x, y])).toEqual([[1, 0.25, 0.75]]);
});
