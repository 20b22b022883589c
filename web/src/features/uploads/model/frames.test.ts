import { expect, test } from 'vitest';
import type { Schemas } from '@/shared/api/client';
import { clock, Frames, partAt, rangeOf } from './frames';

function frame(sequence: number, seconds: number): Schemas['UploadFrame'] {
  return { sequence, seconds, at: '', objects: [] };
}

function frames(first = 0): Frames {
  const found = new Frames();
  // The second part comes first, and times are not evenly apart.
  found.add(1, [frame(62, 6.2), frame(64, 6.4)]);
  found.add(
    0,
    [first, first + 1, first + 2].map((sequence) => frame(sequence, (sequence - first) / 10)),
  );
  return found;
}

test('a picture has the boxes of its own frame or none', () => {
  const found = frames();
  expect(found.at(0.1)?.sequence).toBe(1);
  expect(found.at(0.100_4)?.sequence).toBe(1);
  expect(found.at(0.099_6)?.sequence).toBe(1);
  expect(found.at(6.2)?.sequence).toBe(62);
  // A frame that was not analysed is between two that were.
  expect(found.at(6.3)).toBeUndefined();
  expect(found.at(0.15)).toBeUndefined();
  expect(found.at(7)).toBeUndefined();
  expect(new Frames().at(0)).toBeUndefined();
});

test('a step leads into the middle of the next frame or of the one before', () => {
  const found = frames();
  expect(found.neighbour(0, true)).toBeCloseTo(0.12);
  expect(found.neighbour(0.2, false)).toBeCloseTo(0.12);
  expect(found.neighbour(0.2, true)).toBeCloseTo(6.22);
  expect(found.neighbour(0, false)).toBeUndefined();
  expect(found.neighbour(6.4, true)).toBeUndefined();
});

test('times of the player are those of the frames once the first frame is known', () => {
  // With pictures out of order, a player may show the first one later than at zero.
  expect(frames().begins(0.08)).toBeCloseTo(0.08);
  expect(frames(3).begins(0)).toBeUndefined();
  expect(new Frames().begins(0)).toBeUndefined();
});

test('parts follow each other without a gap', () => {
  expect([partAt(0), partAt(5.999), partAt(6), partAt(-1)]).toEqual([0, 0, 1, 0]);
  const [first, second] = [rangeOf('2026-11-02T07:00:00.500123Z', 0), rangeOf('2026-11-02T07:00:00.500123Z', 1)];
  expect(first.from).toBe('2026-11-02T07:00:00.500Z');
  expect(second.from).toBe(first.to);
});

test('times are short', () => {
  expect([clock(0), clock(62.57), clock(3599.96)]).toEqual(['0:00.0', '1:02.5', '59:59.9']);
});
