import { describe, expect, it } from 'vitest';
import { askAgainMs, canBeCancelled, isOver, receivedShare } from './stage';

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
