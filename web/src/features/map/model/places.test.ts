import { expect, it } from 'vitest';
import { allPlaces, boundsOf, inOrder, type MapCamera, type MapSite, marksOf, placeOf, stateOf } from './places';

function site(name: string, cameras?: MapSite['cameras'], place?: [number, number], placed: MapCamera[] = []): MapSite {
  const location = place ? { latitude: place[0], longitude: place[1] } : null;
  const made = { created_at: '2026-01-01T00:00:00Z', changed_at: '2026-01-01T00:00:00Z' };
  return { site: { id: name, name, time_zone: 'UTC', units: 'metric', location, ...made }, cameras, placed };
}

function camera(id: string, state: MapCamera['state'], latitude: number, longitude: number, heading?: number) {
  return { id, name: id, state, location: { latitude, longitude, ...(heading === undefined ? {} : { heading }) } };
}

const bounds = (...sites: MapSite[]) => boundsOf(allPlaces(sites));

it('a site with one silent camera needs a look', () => {
  expect(stateOf(site('a', { live: 3, silent: 1, off: 0 }))).toBe('silent');
  expect(stateOf(site('a', { live: 3, silent: 0, off: 1 }))).toBe('live');
  expect(stateOf(site('a', { live: 0, silent: 0, off: 1 }))).toBe('none');
  expect(stateOf(site('a'))).toBe('unknown');
});

it('sites and cameras that need a look come first', () => {
  const live = { live: 1, silent: 0, off: 0 };
  const placed = [camera('z', 'off', 1, 1), camera('y', 'live', 1, 1), camera('x', 'silent', 1, 1)];
  const sites = [site('b', live), site('a', live), site('c', { live: 1, silent: 1, off: 1 }, undefined, placed)];
  expect(inOrder(sites).map((one) => one.site.name)).toEqual(['c', 'a', 'b']);
  expect(inOrder(sites)[0]?.placed.map(({ id }) => id)).toEqual(['x', 'y', 'z']);
});

it('the map shows all sites and cameras that have a place', () => {
  expect(bounds(site('a'))).toBeUndefined();
  expect(bounds(site('a', undefined, [53.5, 10]))).toEqual([10, 53.5, 10, 53.5]);
  expect(bounds(site('a', undefined, [53.5, 10]), site('b', undefined, [48, 11.5]))).toEqual([10, 48, 11.5, 53.5]);
  const far = camera('gate', 'live', 54, 9);
  expect(bounds(site('a', undefined, [53.5, 10], [far]))).toEqual([9, 53.5, 10, 54]);
});

it('sites on both sides of the date line are near to each other', () => {
  const [west, , east] = bounds(site('fiji', undefined, [-18, 178]), site('samoa', undefined, [-14, -172])) ?? [];
  expect([west, east]).toEqual([178, 188]);
});

it('a site without a place is in the middle of its cameras', () => {
  const placed = [camera('north', 'live', 53.6, 10), camera('south', 'live', 53.4, 10.2)];
  const place = placeOf(site('a', undefined, undefined, placed));
  expect([place?.latitude, place?.longitude]).toEqual([expect.closeTo(53.5), expect.closeTo(10.1)]);
  expect(placeOf(site('a', undefined, [1, 2], placed))).toEqual({ latitude: 1, longitude: 2 });
  expect(placeOf(site('a'))).toBeUndefined();
});

it('from afar one sees sites, from near the cameras of those that have some with a place', () => {
  const placed = [camera('gate', 'silent', 53.5, 10, 90), camera('yard', 'live', 53.5001, 10)];
  const sites = [site('a', undefined, [53.5, 10], placed), site('b', undefined, [48, 11.5]), site('c')];
  expect(marksOf(sites, false).map(({ key, state }) => [key, state])).toEqual([
    ['a', 'unknown'],
    ['b', 'unknown'],
  ]);
  const near = marksOf(sites, true);
  expect(near.map(({ siteId, cameraId, state, heading }) => [siteId, cameraId, state, heading])).toEqual([
    ['a', 'gate', 'silent', 90],
    ['a', 'yard', 'live', undefined],
    ['b', undefined, 'unknown', undefined],
  ]);
});

it('cameras on one mast are beside each other', () => {
  const mast = ['one', 'two', 'three'].map((id) => camera(id, 'live', 53.5, 10));
  const other = camera('four', 'live', 53.5, 10.1);
  expect(marksOf([site('a', undefined, undefined, [...mast, other])], true).map(({ aside }) => aside)).toEqual([
    -1, 0, 1, 0,
  ]);
});
