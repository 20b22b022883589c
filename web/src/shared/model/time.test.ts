import { describe, expect, it } from 'vitest';
import {
  age,
  formatAge,
  formatMoment,
  formatRecent,
  fromLocalInput,
  startOfDay,
  startOfHour,
  toLocalInput,
  zoneName,
} from './time';

const BERLIN = 'Europe/Berlin';

describe('days of a zone', () => {
  it('begin at its midnight, and have 23 hours when clocks go forward', () => {
    const at = new Date('2027-03-28T12:00:00Z');
    const start = startOfDay(at, BERLIN);
    const next = startOfDay(at, BERLIN, 1);
    expect(start.toISOString()).toBe('2027-03-27T23:00:00.000Z');
    expect(next.getTime() - start.getTime()).toBe(23 * 3_600_000);
  });

  it('have 25 hours when clocks go back', () => {
    const at = new Date('2026-10-25T12:00:00Z');
    expect(startOfDay(at, BERLIN, 1).getTime() - startOfDay(at, BERLIN).getTime()).toBe(25 * 3_600_000);
  });

  it('begin an hour late where midnight is skipped', () => {
    // In Beirut clocks go from 24:00 to 1:00.
    expect(startOfDay(new Date('2027-03-28T12:00:00Z'), 'Asia/Beirut').toISOString()).toBe('2027-03-27T22:00:00.000Z');
  });

  it('cross the ends of months', () => {
    expect(startOfDay(new Date('2026-12-31T12:00:00Z'), 'UTC', 1).toISOString()).toBe('2027-01-01T00:00:00.000Z');
  });
});

describe('times that people type', () => {
  it('come back as they were typed', () => {
    for (const zone of [BERLIN, 'America/St_Johns', 'Asia/Kathmandu', 'UTC']) {
      const at = fromLocalInput('2026-07-14T08:30', zone);
      expect(at && toLocalInput(at, zone)).toBe('2026-07-14T08:30');
    }
  });

  it('are the first one of two, and after the gap where there is none', () => {
    expect(fromLocalInput('2026-10-25T02:30', BERLIN)?.toISOString()).toBe('2026-10-25T00:30:00.000Z');
    expect(fromLocalInput('2027-03-28T02:30', BERLIN)?.toISOString()).toBe('2027-03-28T01:30:00.000Z');
  });

  it('are refused when they are no times', () => {
    expect(fromLocalInput('', BERLIN)).toBeUndefined();
    expect(fromLocalInput('yesterday', BERLIN)).toBeUndefined();
  });
});

it('hours begin with the clock of the zone', () => {
  expect(startOfHour(new Date('2026-07-14T08:59:10Z'), 'Asia/Kathmandu').toISOString()).toBe(
    '2026-07-14T08:15:00.000Z',
  );
});

it('zones are named, with the name of that time of the year', () => {
  expect(zoneName(new Date('2026-07-14T00:00:00Z'), BERLIN, 'en-GB')).toBe('CEST');
  expect(zoneName(new Date('2026-01-14T00:00:00Z'), BERLIN, 'en-GB')).toBe('CET');
  expect(formatMoment('2026-07-14T22:30:00Z', BERLIN, 'en-GB')).toBe('15 Jul 2026, 00:30:00');
});

it('times of today have no date, and today is that of the zone', () => {
  const now = new Date('2026-07-14T22:30:00Z');
  expect(formatRecent('2026-07-14T22:10:00Z', now, BERLIN, 'en-GB')).toBe('00:10:00');
  expect(formatRecent('2026-07-14T21:50:00Z', now, BERLIN, 'en-GB')).toBe('14 Jul 2026, 23:50:00');
});

it('ages have the unit that says enough', () => {
  expect(age(1.4)).toEqual({ value: 1, unit: 'second' });
  expect(age(180)).toEqual({ value: 3, unit: 'minute' });
  expect(age(3 * 86_400)).toEqual({ value: 3, unit: 'day' });
  expect(formatAge(180, 'en')).toBe('3 min. ago');
});
