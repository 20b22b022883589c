import { expect, it } from 'vitest';
import type { Schemas } from '@/shared/api/client';
import { places, trackFilters, trackQuery } from './filters';

it('an address that somebody shares asks the same', () => {
  const filters = trackFilters({
    class: ['cyclist'],
    line: 'kerb',
    direction: 'in',
    from: '2027-01-31T07:00:00Z',
    longer: '2.5',
  });
  const time = { from: new Date('2027-01-31T07:00:00Z'), to: new Date('2027-01-31T23:00:00Z') };
  expect(filters.from).toBe('2027-01-31T07:00:00.000Z');
  expect(trackQuery(filters, time)).toEqual({
    class: ['cyclist'],
    line_id: 'kerb',
    direction: 'in',
    from: '2027-01-31T07:00:00.000Z',
    to: '2027-01-31T23:00:00.000Z',
    min_duration_s: 2.5,
  });
});

it('any time has no bounds', () => {
  expect(trackQuery(trackFilters({ time: 'any', camera: 'gate' }), undefined)).toEqual({ camera_id: ['gate'] });
  expect(trackFilters({ day: '2027-01-31', until: 'tomorrow', time: 'soon' })).toEqual({ day: '2027-01-31' });
  for (const day of ['2027-13-40', '0027-01-31', '31.1.2027', '', 20270131]) expect(trackFilters({ day })).toEqual({});
});

it('what is no filter is left out', () => {
  expect(trackFilters({ class: 'horse', direction: 'up', longer: -1, from: 'x', camera: '' })).toEqual({});
});

it('places are those of the camera that is chosen', () => {
  const camera = (id: string, zone: string) =>
    ({
      id,
      settings: { zones: [{ id: zone, polygon: [] }], lines: [{ id: 'kerb', name: 'Kerb', points: [] }] },
    }) as unknown as Schemas['Camera'];
  const cameras = [camera('a', 'north'), camera('b', 'south')];
  expect(places(cameras, undefined).map((place) => place.name)).toEqual(['north', 'Kerb', 'south']);
  expect(places(cameras, 'b').map((place) => place.id)).toEqual(['south', 'kerb']);
});
