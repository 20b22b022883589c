import { describe, expect, it } from 'vitest';
import { askAgainMs, countsOf, isClosing, isRemovable, rangeOf } from './jobs';

const ZONE = 'Europe/Berlin';
const NOW = new Date('2026-10-26T12:00:00Z');

describe('a range of time', () => {
  it('is of the site’s zone, also where clocks are set back', () => {
    expect(rangeOf('2026-10-25T00:00', '2026-10-26T00:00', ZONE, NOW)).toEqual({
      range: { from: '2026-10-24T22:00:00.000Z', to: '2026-10-25T23:00:00.000Z' },
    });
  });

  it('says what is wrong, and nothing while it is not complete', () => {
    expect(rangeOf('', '2026-10-26T00:00', ZONE, NOW)).toBeUndefined();
    expect(rangeOf('2026-10-26T00:00', '2026-10-26T00:00', ZONE, NOW)).toEqual({ wrong: 'data.wrong-order' });
    expect(rangeOf('2026-10-26T00:00', '2026-10-26T13:01', ZONE, NOW)).toEqual({ wrong: 'data.wrong-future' });
    expect(rangeOf('2026-10-26T00:00', '2026-10-26T13:00', ZONE, NOW)).toHaveProperty('range');
    expect(rangeOf('2025-10-24T00:00', '2026-10-26T00:00', ZONE, NOW)).toEqual({ wrong: 'data.wrong-length' });
  });
});

describe('a list of jobs', () => {
  it('is asked for again while one goes on', () => {
    expect(askAgainMs(undefined, NOW)).toBe(false);
    expect(askAgainMs([{ state: 'done' }, { state: 'failed' }], NOW)).toBe(false);
    expect(askAgainMs([{ state: 'done' }, { state: 'queued' }], NOW)).toBe(2_000);
    expect(askAgainMs([{ state: 'running' }], NOW)).toBe(2_000);
  });

  it('shows the kinds of which there was something, the most important first', () => {
    const none = {
      frames: 0,
      detections: 0,
      tracks: 0,
      alerts: 0,
      reviews: 0,
      comments: 0,
      passages: 0,
      count_bins: 0,
      watched_bins: 0,
      snapshots: 0,
      clips: 0,
      missing_pictures: 0,
    };
    expect(countsOf(none)).toEqual([]);
    expect(countsOf({ ...none, frames: 9, alerts: 2, missing_pictures: 1 })).toEqual([
      { kind: 'alerts', count: 2 },
      { kind: 'frames', count: 9 },
      { kind: 'missing_pictures', count: 1 },
    ]);
  });
});

it('an export whose archive is gone, or is being removed, has nothing to remove', () => {
  const until = (expires_at: string) => ({ state: 'done', expires_at });
  const kept = until('2026-11-02T12:00:00Z');
  const going = until('2026-10-26T12:00:30Z');
  expect(isRemovable({ state: 'running' }, NOW)).toBe(true);
  expect([isRemovable(kept, NOW), isClosing(kept, NOW), askAgainMs([kept], NOW)]).toEqual([true, false, false]);
  expect([isRemovable(going, NOW), isClosing(going, NOW), askAgainMs([going], NOW)]).toEqual([false, true, 2_000]);
  for (const state of ['expired', 'failed']) {
    const gone = { ...going, state };
    expect([isRemovable(gone, NOW), isClosing(gone, NOW), askAgainMs([gone], NOW)]).toEqual([false, false, false]);
  }
});
