import { expect, it } from 'vitest';
import type { Schemas } from '@/shared/api/client';
import { bounds, handleAt, moved, nearest, pressed, sum, timeline } from './timeline';

const at = (hour: number) => new Date(Date.UTC(2027, 0, 31, hour)).toISOString();

function counts(bins: [count: number | null, watched: number][]): Schemas['TrackCounts'] {
  return {
    bin: '1h',
    time_zone: 'UTC',
    bins: bins.map(([count, watched], hour) => ({
      from: at(hour),
      to: at(hour + 1),
      seconds: 3600,
      watched_seconds: watched,
      count,
    })),
  };
}

const day = counts([
  [0, 3600],
  [8, 3590],
  [4, 1200],
  [null, 0],
  [2, 1790],
  [null, 0],
]);
const now = new Date(Date.UTC(2027, 0, 31, 4, 30));

it('nobody came, nobody looked and not yet are three things', () => {
  const { bars, most } = timeline(day, now);
  expect(most).toBe(8);
  expect(bars.map((bar) => [bar.count, bar.watched, bar.height])).toEqual([
    [0, 'whole', 0],
    [8, 'whole', 1],
    [4, 'partly', 0.5],
    [null, 'not', 0],
    // Half of it is over, and was watched.
    [2, 'whole', 0.25],
    [null, 'later', 0],
  ]);
});

it('bins are as wide as they are long, also when the clocks change', () => {
  const changed = counts([
    [1, 1800],
    [1, 3600],
  ]);
  const [first] = changed.bins;
  if (first) first.from = new Date(Date.UTC(2027, 0, 31, 0, 30)).toISOString();
  const { bars, edges } = timeline(changed, now);
  expect(bars.map((bar) => [bar.left, bar.width].map((share) => Math.round(share * 3)))).toEqual([
    [0, 1],
    [1, 2],
  ]);
  expect(edges).toHaveLength(3);
  expect(timeline(counts([]), now)).toEqual({ edges: [], bars: [], most: 0 });
});

it('keys move a handle, which stays inside and does not pass the other', () => {
  const part = { from: 2, to: 5 };
  const key = (name: string, handle: 'from' | 'to') => pressed(name, handle, part, 25, 4);
  expect(['ArrowLeft', 'ArrowDown', 'ArrowRight', 'ArrowUp'].map((name) => key(name, 'from'))).toEqual([1, 1, 3, 3]);
  expect(['Home', 'End', 'PageDown', 'PageUp'].map((name) => key(name, 'from'))).toEqual([0, 4, 0, 4]);
  expect(['Home', 'End', 'PageDown', 'PageUp'].map((name) => key(name, 'to'))).toEqual([3, 24, 3, 9]);
  expect(key('Tab', 'from')).toBeUndefined();
  expect(bounds('from', part, 25)).toEqual([0, 4]);
  expect(bounds('to', part, 25)).toEqual([3, 24]);
  expect(moved('to', part, 25, 99)).toEqual({ from: 2, to: 24 });
});

it('a press moves the handle that is nearer', () => {
  const edges = [0, 10, 20, 30, 40];
  expect(nearest(edges, 14)).toBe(1);
  expect(nearest(edges, 900)).toBe(4);
  expect(handleAt({ from: 0, to: 4 }, edges, 15)).toBe('from');
  expect(handleAt({ from: 0, to: 4 }, edges, 25)).toBe('to');
});

it('what a part has is summed up without the time in which nobody looked', () => {
  const { bars } = timeline(day, now);
  expect(sum(bars, Date.parse(at(1)), Date.parse(at(4)))).toEqual({ count: 12, gaps: 1, looked: true });
  expect(sum(bars, Date.parse(at(3)), Date.parse(at(4)))).toEqual({ count: 0, gaps: 1, looked: false });
});
