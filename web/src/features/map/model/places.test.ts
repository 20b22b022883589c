import { expect, it } from 'vitest';
import { boundsOf, inOrder, type MapSite, stateOf } from './places';

function site(name: string, cameras?: MapSite['cameras'], place?: [number, number]): MapSite {
  const location = place ? { latitude: place[0], longitude: place[1] } : null;
  const made = { created_at: '2026-01-01T00:00:00Z', changed_at: '2026-01-01T00:00:00Z' };
  return { site: { id: name, name, time_zone: 'UTC', units: 'metric', location, ...made }, cameras };
}

it('a site with one silent camera needs a look', () => {
  expect(stateOf(site('a', { live: 3, silent: 1, off: 0 }))).toBe('silent');
  expect(stateOf(site('a', { live: 3, silent: 0, off: 1 }))).toBe('live');
  expect(stateOf(site('a', { live: 0, silent: 0, off: 1 }))).toBe('none');
  expect(stateOf(site('a'))).toBe('unknown');
});

it('sites that need a look come first', () => {
  const live = { live: 1, silent: 0, off: 0 };
  const sites = [site('b', live), site('a', live), site('c', { live: 1, silent: 1, off: 0 })];
  expect(inOrder(sites).map((one) => one.site.name)).toEqual(['c', 'a', 'b']);
});

it('the map shows all sites that have a place', () => {
  expect(boundsOf([site('a')])).toBeUndefined();
  expect(boundsOf([site('a', undefined, [53.5, 10])])).toEqual([10, 53.5, 10, 53.5]);
  expect(boundsOf([site('a', undefined, [53.5, 10]), site('b', undefined, [48, 11.5])])).toEqual([10, 48, 11.5, 53.5]);
});

it('sites on both sides of the date line are near to each other', () => {
  const [west, , east] = boundsOf([site('fiji', undefined, [-18, 178]), site('samoa', undefined, [-14, -172])]) ?? [];
  expect([west, east]).toEqual([178, 188]);
});
