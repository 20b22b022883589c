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
  expect(trackQuery(filters)).toEqual({
    class: ['cyclist'],
    line_id: 'kerb',
    direction: 'in',
    from: '2027-01-31T07:00:00.000Z',
    min_duration_s: 2.5,
  });
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
