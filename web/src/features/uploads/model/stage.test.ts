import { describe, expect, it } from 'vitest';
import { askAgainMs, canBeCancelled, formatBytes, isOver, receivedShare } from './stage';

describe('an upload', () => {
  it('is over when nothing changes by itself any more', () => {
    const states = ['receiving', 'checking', 'queued', 'analysing', 'done', 'failed', 'cancelled'] as const;
    expect(states.filter((state) => isOver({ state }))).toEqual(['done', 'failed', 'cancelled']);
    expect(states.filter((state) => canBeCancelled({ state }))).toEqual([
      'receiving',
      'checking',
      'queued',
      'analysing',
    ]);
  });

  it('has a share while it is received', () => {
    expect(receivedShare({ state: 'receiving', bytes: 200, received_bytes: 50 })).toBe(0.25);
    expect(receivedShare({ state: 'receiving', bytes: 0, received_bytes: 0 })).toBe(0);
    expect(receivedShare({ state: 'queued', bytes: 200, received_bytes: 200 })).toBeUndefined();
  });

  it('is asked for often while one of them changes', () => {
    expect(askAgainMs([{ state: 'done' }, { state: 'analysing' }])).toBe(2_000);
    expect(askAgainMs([{ state: 'done' }])).toBe(15_000);
    expect(askAgainMs(undefined)).toBe(2_000);
  });
});

it('sizes are in the words of the language', () => {
  expect(formatBytes(999, 'en')).toBe('999 byte');
  expect(formatBytes(1_000, 'en')).toBe('1 kB');
  expect(formatBytes(1_540_000, 'en')).toBe('1.5 MB');
  expect(formatBytes(1_540_000, 'de')).toBe('1,5 MB');
  expect(formatBytes(20_000_000_000, 'en')).toBe('20 GB');
});
