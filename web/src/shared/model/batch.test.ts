import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { batched } from './batch';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('asks once for what is wanted within a moment, and once for each id', async () => {
  const asked: string[][] = [];
  const of = batched(
    async (ids) => {
      asked.push(ids);
      return new Map(ids.filter((id) => id !== 'gone').map((id) => [id, `picture of ${id}`]));
    },
    { most: 10, waitMs: 20 },
  );
  const found = Promise.all([of('a'), of('b'), of('a'), of('gone')]);
  await vi.advanceTimersByTimeAsync(20);
  expect(await found).toEqual(['picture of a', 'picture of b', 'picture of a', undefined]);
  const later = of('a');
  await vi.advanceTimersByTimeAsync(20);
  await later;
  expect(asked).toEqual([['a', 'b', 'gone'], ['a']]);
});

it('a question has no more ids than it may, and does not wait when it is full', async () => {
  const asked: string[][] = [];
  const of = batched(
    async (ids) => {
      asked.push(ids);
      return new Map<string, number>();
    },
    { most: 2, waitMs: 1_000 },
  );
  const found = Promise.all(['a', 'b', 'c'].map(of));
  expect(asked).toEqual([['a', 'b']]);
  await vi.advanceTimersByTimeAsync(1_000);
  await found;
  expect(asked).toEqual([['a', 'b'], ['c']]);
});

it('a question that fails fails for everybody, and the next one is asked', async () => {
  let fails = true;
  const of = batched(
    async (ids) => {
      if (fails) throw new Error('offline');
      return new Map(ids.map((id) => [id, 1]));
    },
    { most: 10, waitMs: 0 },
  );
  const failed = Promise.allSettled([of('a'), of('b')]);
  await vi.advanceTimersByTimeAsync(0);
  expect((await failed).map((one) => one.status)).toEqual(['rejected', 'rejected']);
  fails = false;
  const found = of('a');
  await vi.advanceTimersByTimeAsync(0);
  expect(await found).toBe(1);
});
