import { expect, test } from 'vitest';
import { ApiError } from './client';
import { every, untilAnswered } from './queries';

const after = (error: Error | null) => every(1_000)({ state: { error } });

test('what the server denies is asked for seldom, and all else as often as before', () => {
  expect(after(null)).toBe(1_000);
  expect([403, 404].map((status) => after(new ApiError(status, {})))).toEqual([30_000, 30_000]);
  expect([0, 429, 500, 503].map((status) => after(new ApiError(status, {})))).toEqual([1_000, 1_000, 1_000, 1_000]);
  expect(every(60_000)({ state: { error: new ApiError(404, {}) } })).toBe(60_000);
});

test('what failed and may pass is asked again without being asked to, and all else is not', () => {
  expect(untilAnswered({ state: { error: null } })).toBe(false);
  expect([0, 429, 503].map((status) => untilAnswered({ state: { error: new ApiError(status, {}) } }))).toEqual([
    5_000, 5_000, 5_000,
  ]);
  expect(untilAnswered({ state: { error: new ApiError(403, {}) } })).toBe(false);
});
