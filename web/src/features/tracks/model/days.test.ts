import { expect, it } from 'vitest';
import { onDays, onPart, type ShownTime, shifted, shownTime } from './days';
import type { TrackFilters } from './filters';

const BERLIN = 'Europe/Berlin';
const now = new Date('2027-03-29T10:00:00Z');

function shown(filters: TrackFilters, zone = BERLIN): ShownTime {
  const found = shownTime(filters, zone, now);
  if (!found) throw new Error('any time');
  return found;
}

function iso({ begin, end, from, to }: ShownTime): string[] {
  return [begin, end, from, to].map((at) => at.toISOString().slice(0, 16));
}

it('without a day it is today, in the zone of the site', () => {
  const [begin, end] = ['2027-03-28T22:00', '2027-03-29T22:00'];
  expect(iso(shown({}))).toEqual([begin, end, begin, end]);
  expect(shown({}).bin).toBe('15m');
  // It is tomorrow there.
  expect(iso(shown({}, 'Pacific/Kiritimati'))[0]).toBe('2027-03-29T10:00');
  expect(shownTime({ time: 'any' }, BERLIN, now)).toBeUndefined();
});

it('days have 23 and 25 hours when the clocks change', () => {
  expect(iso(shown({ day: '2027-03-28' })).slice(0, 2)).toEqual(['2027-03-27T23:00', '2027-03-28T22:00']);
  expect(iso(shown({ day: '2027-10-31' })).slice(0, 2)).toEqual(['2027-10-30T22:00', '2027-10-31T23:00']);
  // Midnight does not exist on this day.
  const cairo = shownTime({ day: '2027-04-30' }, 'Africa/Cairo', now);
  expect(cairo && (cairo.end.getTime() - cairo.begin.getTime()) / 3_600_000).toBe(23);
});

it('an address with times only shows the days of these times', () => {
  const found = shown({ from: '2027-03-01T07:00:00Z', to: '2027-03-03T09:00:00Z' });
  expect(iso(found)).toEqual(['2027-02-28T23:00', '2027-03-03T23:00', '2027-03-01T07:00', '2027-03-03T09:00']);
  expect(found.bin).toBe('1h');
  // To midnight is not the next day.
  expect(iso(shown({ from: '2027-03-01T07:00:00Z', to: '2027-03-01T23:00:00Z' }))[1]).toBe('2027-03-01T23:00');
  expect(iso(shown({ to: '2027-03-01T23:00:00Z' }))[0]).toBe('2027-02-28T23:00');
  expect(iso(shown({ from: '2027-03-28T12:00:00Z' })).slice(0, 2)).toEqual(['2027-03-27T23:00', '2027-03-29T22:00']);
});

it('what does not fit is made to fit', () => {
  const day = '2027-03-10';
  expect(iso(shown({ day, until: '2027-03-01' }))[1]).toBe('2027-03-10T23:00');
  expect(iso(shown({ day, from: '2027-01-01T00:00:00Z', to: '2027-12-01T00:00:00Z' }))).toEqual([
    '2027-03-09T23:00',
    '2027-03-10T23:00',
    '2027-03-09T23:00',
    '2027-03-10T23:00',
  ]);
  const swapped = shown({ day, from: '2027-03-10T12:00:00Z', to: '2027-03-10T08:00:00Z' });
  expect([swapped.from, swapped.to]).toEqual([swapped.begin, swapped.end]);
  const long = shown({ day, until: '2028-01-01' });
  expect(Math.round((long.end.getTime() - long.begin.getTime()) / 86_400_000)).toBe(31);
});

it('days go back and forth, several together, across a change of the clocks', () => {
  const filters: TrackFilters = { class: ['cyclist'], day: '2027-03-27', until: '2027-03-28' };
  const later = shifted(filters, shown(filters), BERLIN, 1);
  expect(later).toMatchObject({ class: ['cyclist'], day: '2027-03-29', until: '2027-03-30' });
  expect(shifted(later, shown(later), BERLIN, -1)).toMatchObject(filters);
  expect(onDays(filters, '2027-03-27', '2027-03-27').until).toBeUndefined();
});

it('a part of the days is in the address, and the whole is not', () => {
  const time = shown({ day: '2027-03-10' });
  const part = onPart({}, time, BERLIN, new Date('2027-03-10T07:00:00Z'), time.end);
  expect(part).toEqual({ day: '2027-03-10', from: '2027-03-10T07:00:00.000Z' });
  expect(iso(shown(part))).toEqual(['2027-03-09T23:00', '2027-03-10T23:00', '2027-03-10T07:00', '2027-03-10T23:00']);
  expect(onPart(part, time, BERLIN, time.begin, time.end)).toEqual({ day: '2027-03-10' });
});
