import { describe, expect, it } from 'vitest';
import type { Schemas } from '@/shared/api/client';
import { i18n, type Text } from '@/shared/i18n/i18n';
import { fileAddress, range, rangeOfFile, statisticsSearch } from './range';
import { byPlace, chartSeries, total } from './series';

const t: Text = (id, values) => i18n._(id, values);

function series(change: Partial<Schemas['CountSeries']>, counts: (number | null)[]): Schemas['CountSeries'] {
  const bins = counts.map((count, bin) => ({
    from: `2026-11-02T0${bin}:00:00Z`,
    to: `2026-11-02T0${bin + 1}:00:00Z`,
    seconds: 3600,
    watched_seconds: count === null ? 0 : 3600,
    count,
  }));
  return { camera_id: 'c', line_id: 'kerb', bins, ...change };
}

describe('the time that is shown', () => {
  const now = new Date('2026-11-02T13:20:00Z');

  it('ends with the bin that goes on', () => {
    expect(range({}, now, 'UTC')).toEqual({
      from: '2026-11-02T00:00:00.000Z',
      to: '2026-11-02T14:00:00.000Z',
      bin: '1h',
    });
    expect(range({ span: 'hour' }, now, 'UTC')).toEqual({
      from: '2026-11-02T12:21:00.000Z',
      to: '2026-11-02T13:21:00.000Z',
      bin: '1m',
    });
  });

  it('is in days of the zone, which may have 25 hours', () => {
    const day = range({ day: '2026-10-25T12:00:00Z' }, now, 'Europe/Berlin');
    expect(new Date(day.to).getTime() - new Date(day.from).getTime()).toBe(25 * 3_600_000);
  });

  it('has short bins early in the day', () => {
    expect(range({}, new Date('2026-11-02T02:20:00Z'), 'UTC').bin).toBe('15m');
  });
});

it('the address keeps what it knows', () => {
  expect(statisticsSearch({ span: 'week', group: 'weather', place: 'line kerb' })).toEqual({
    span: 'week',
    place: 'line kerb',
  });
});

it('the link to the file asks the same question', () => {
  expect(fileAddress('s', { bin: '1h', line_id: ['a', 'b'], zone_id: undefined }, 'csv')).toBe(
    '/api/v1/sites/s/counts?bin=1h&line_id=a&line_id=b&format=csv',
  );
});

describe('series', () => {
  it('belong to their line or zone', () => {
    const counts = {
      bin: '1h',
      time_zone: 'UTC',
      series: [series({}, [1]), series({ line_id: null, zone_id: 'kerb' }, [2])],
    } as Schemas['Counts'];
    expect(byPlace(counts).map((place) => place.key)).toEqual(['c line kerb', 'c zone kerb']);
  });

  it('keep gaps, and leave out classes that never came', () => {
    const drawn = chartSeries([series({ class: 'car' }, [1, null, 0]), series({ class: 'bus' }, [0, null, 0])], t);
    expect(drawn.map((one) => one.points.map((point) => point.count))).toEqual([[1, null, 0]]);
  });

  it('show a gap also when nobody came at all', () => {
    expect(chartSeries([series({ class: 'car' }, [null, 0])], t)[0]?.points.map((point) => point.count)).toEqual([
      null,
      0,
    ]);
  });

  it('say how much of the time was watched, up to now', () => {
    const now = new Date('2026-11-02T02:00:00Z');
    expect(total([series({}, [3, null, null])], now)).toEqual({ count: 3, watched: 0.5 });
  });
});

it('the counts of a file are asked for in bins that hold all of it', () => {
  const start = '2026-11-02T07:00:30.5Z';
  const range = (seconds: number | undefined) => Object.values(rangeOfFile(start, seconds));
  expect(range(90)).toEqual(['2026-11-02T07:00:00.000Z', '2026-11-02T07:03:00.000Z', '1m']);
  expect(range(5 * 3600)).toEqual(['2026-11-02T07:00:00.000Z', '2026-11-02T12:15:00.000Z', '15m']);
  expect(range(undefined)).toEqual(['2026-11-02T07:00:00.000Z', '2026-11-03T07:15:00.000Z', '15m']);
});
