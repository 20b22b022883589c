import { describe, expect, it } from 'vitest';
import { askAgainMs, countsOf, rangeOf } from './jobs';

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
    expect(askAgainMs(undefined)).toBe(false);
    expect(askAgainMs([{ state: 'done' }, { state: 'failed' }])).toBe(false);
    expect(askAgainMs([{ state: 'done' }, { state: 'queued' }])).toBe(2_000);
    expect(askAgainMs([{ state: 'running' }])).toBe(2_000);
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
