import type { Schemas } from '@/shared/api/client';

/** A site with how many of its cameras are how; `undefined` numbers: nobody knows yet. */
export interface MapSite {
  site: Schemas['Site'];
  cameras: { live: number; silent: number; off: number } | undefined;
}

export type SiteState = 'live' | 'silent' | 'none' | 'unknown';

/** One camera that does not watch is enough for the site to need a look. */
export function stateOf({ cameras }: MapSite): SiteState {
  if (!cameras) return 'unknown';
  if (cameras.silent > 0) return 'silent';
  return cameras.live > 0 ? 'live' : 'none';
}

const ORDER: SiteState[] = ['silent', 'unknown', 'live', 'none'];

/** Those that need a look come first, then by name. */
export function inOrder(sites: readonly MapSite[]): MapSite[] {
  const rank = (site: MapSite) => ORDER.indexOf(stateOf(site));
  return sites.toSorted((one, other) => rank(one) - rank(other) || one.site.name.localeCompare(other.site.name));
}

export type Bounds = [west: number, south: number, east: number, north: number];

/** What encloses all sites that have a place; across the date line, the shorter way round. */
export function boundsOf(sites: readonly MapSite[]): Bounds | undefined {
  const places = sites.flatMap(({ site }) => (site.location ? [site.location] : []));
  if (places.length === 0) return undefined;
  const latitudes = places.map((place) => place.latitude);
  const east = places.map((place) => place.longitude).sort((one, other) => one - other);
  // The widest gap between neighbours is what the map leaves out.
  let [from, gap] = [0, 360 - ((east.at(-1) ?? 0) - (east[0] ?? 0))];
  for (let at = 1; at < east.length; at += 1) {
    const width = (east[at] ?? 0) - (east[at - 1] ?? 0);
    if (width > gap) [from, gap] = [at, width];
  }
  const west = east[from] ?? 0;
  return [west, Math.min(...latitudes), west + 360 - gap, Math.max(...latitudes)];
}
