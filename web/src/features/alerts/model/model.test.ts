import { describe, expect, it } from 'vitest';
import { alertFilters, alertQuery } from './filters';
import { afterLeaving, commandOf, isComplete, neighbour } from './triage';

const none = { ctrlKey: false, altKey: false, metaKey: false, typing: false };
const list = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];

describe('the address of the inbox', () => {
  it('keeps what it knows and drops the rest', () => {
    expect(
      alertFilters({ state: 'dismissed', kind: ['dwell', 'nonsense'], severity: 'critical', from: 'soon', extra: 1 }),
    ).toEqual({ state: 'dismissed', kind: ['dwell'], severity: ['critical'] });
  });

  it('asks for new alerts unless it says otherwise', () => {
    expect(alertQuery({})).toEqual({ state: ['new'] });
    expect(alertQuery({ state: 'all', camera: 'c' })).toEqual({ camera_id: ['c'] });
  });
});

describe('keys', () => {
  it('triage, unless somebody types or holds a modifier', () => {
    expect(commandOf({ ...none, key: 'a' })).toBe('acknowledge');
    expect(commandOf({ ...none, key: 'ArrowDown' })).toBe('next');
    expect(commandOf({ ...none, key: 'a', typing: true })).toBeUndefined();
    expect(commandOf({ ...none, key: 'a', ctrlKey: true })).toBeUndefined();
    expect(commandOf({ ...none, key: 'x' })).toBeUndefined();
  });
});

describe('the selection', () => {
  it('moves through the list and stops at its ends', () => {
    expect(neighbour(list, undefined, 1)?.id).toBe('a');
    expect(neighbour(list, 'a', 1)?.id).toBe('b');
    expect(neighbour(list, 'a', -1)?.id).toBe('a');
    expect(neighbour(list, 'c', 1)?.id).toBe('c');
    expect(neighbour([], 'c', 1)).toBeUndefined();
  });

  it('goes on to the next one when an alert leaves the list', () => {
    expect(afterLeaving(list, 'a')?.id).toBe('b');
    expect(afterLeaving(list, 'c')?.id).toBe('b');
    expect(afterLeaving([{ id: 'a' }], 'a')).toBeUndefined();
  });
});

it('a dismissal needs a reason, and "other" needs words', () => {
  expect(isComplete({ state: 'acknowledged' })).toBe(true);
  expect(isComplete({ state: 'dismissed' })).toBe(false);
  expect(isComplete({ state: 'dismissed', reason: 'test' })).toBe(true);
  expect(isComplete({ state: 'dismissed', reason: 'other', note: ' ' })).toBe(false);
  expect(isComplete({ state: 'dismissed', reason: 'other', note: 'a dog' })).toBe(true);
});
