import { expect, it } from 'vitest';
import { daysOf, shortened } from './retention';

const NONE = { detections: null, tracks: null, alerts: null, pictures: null, counts: null, uploads: null, audit: null };
const LONGEST = { ...NONE, tracks: 30, alerts: 30, counts: 730 };

it('names what is kept for a shorter time than before', () => {
  expect(shortened(NONE, NONE, LONGEST)).toEqual([]);
  expect(shortened(NONE, { ...NONE, alerts: 7, tracks: 30 }, LONGEST)).toEqual(['alerts']);
  expect(shortened({ ...NONE, alerts: 7, counts: 100 }, { ...NONE, alerts: 8, counts: 99 }, LONGEST)).toEqual([
    'counts',
  ]);
  expect(shortened({ ...NONE, alerts: 7 }, NONE, LONGEST)).toEqual([]);
});

it('takes an empty field as long as the service keeps it', () => {
  expect(daysOf('')).toBeNull();
  expect(daysOf(7)).toBe(7);
});
