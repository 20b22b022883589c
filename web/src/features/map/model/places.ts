import type { Schemas } from '@/shared/api/client';

/** A camera that has a place of its own. */
export interface MapCamera {
  id: string;
  name: string;
  state: CameraState;
  location: Schemas['CameraLocation'];
}

/** A site with how many of its cameras are how; `undefined` numbers: nobody knows yet. */
export interface MapSite {
  site: Schemas['Site'];
  cameras: { live: number; silent: number; off: number } | undefined;
  /** Whether what is not known yet is being asked for the first time. */
  pending?: boolean;
  placed: readonly MapCamera[];
}

export type CameraState = 'live' | 'silent' | 'off' | 'unknown';
export type SiteState = 'live' | 'silent' | 'none' | 'unknown';

/** One camera that does not watch is enough for the site to need a look. */
export function stateOf({ cameras }: MapSite): SiteState {
  if (!cameras) return 'unknown';
  if (cameras.silent > 0) return 'silent';
  return cameras.live > 0 ? 'live' : 'none';
}

const ORDER: SiteState[] = ['silent', 'unknown', 'live', 'none'];
const CAMERA_ORDER: CameraState[] = ['silent', 'unknown', 'live', 'off'];

/** Those that need a look come first, then by name; so do the cameras of each. */
export function inOrder(sites: readonly MapSite[]): MapSite[] {
  const rank = (site: MapSite) => ORDER.indexOf(stateOf(site));
  const cameraRank = (camera: MapCamera) => CAMERA_ORDER.indexOf(camera.state);
  return sites
    .map((site) => ({
      ...site,
      placed: site.placed.toSorted(
        (one, other) => cameraRank(one) - cameraRank(other) || one.name.localeCompare(other.name),
      ),
    }))
    .sort((one, other) => rank(one) - rank(other) || one.site.name.localeCompare(other.site.name));
}

interface Place {
  latitude: number;
  longitude: number;
}

/** Where a site is: where its settings say, or else in the middle of its cameras. */
export function placeOf({ site, placed }: MapSite): Place | undefined {
  if (site.location) return site.location;
  const [west, south, east, north] = boundsOf(placed.map(({ location }) => location)) ?? [];
  if (west === undefined || south === undefined || east === undefined || north === undefined) return undefined;
  return { latitude: (south + north) / 2, longitude: (west + east) / 2 };
}

/** What can be chosen on the map. */
export interface Mark {
  key: string;
  siteId: string;
  /** `undefined`: the whole site. */
  cameraId: string | undefined;
  name: string;
  state: CameraState | SiteState;
  place: Place;
  /** Degrees from north. */
  heading: number | undefined;
  /** How far it is moved to the right, in widths of a mark, so that it does not lie on others of the same place. */
  aside: number;
}

/** From afar one sees sites; from near, the cameras that have a place in the place of their site. */
export function marksOf(sites: readonly MapSite[], isNear: boolean): Mark[] {
  const marks = sites.flatMap((one): Mark[] => {
    const { site, placed } = one;
    const mark = { siteId: site.id, heading: undefined, aside: 0 };
    if (isNear && placed.length > 0) {
      return placed.map(({ id, name, state, location }) => {
        const heading = location.heading ?? undefined;
        return { ...mark, key: `${site.id} ${id}`, cameraId: id, name, state, place: location, heading };
      });
    }
    const place = placeOf(one);
    const state = stateOf(one);
    return place ? [{ ...mark, key: site.id, cameraId: undefined, name: site.name, state, place }] : [];
  });
  const beside = new Map<string, Mark[]>();
  for (const mark of marks) {
    const at = `${mark.place.latitude} ${mark.place.longitude}`;
    beside.set(at, [...(beside.get(at) ?? []), mark]);
  }
  for (const group of beside.values()) {
    for (const [at, mark] of group.entries()) mark.aside = at - (group.length - 1) / 2;
  }
  return marks;
}

export type Bounds = [west: number, south: number, east: number, north: number];

/** What encloses all places; across the date line, the shorter way round. */
export function boundsOf(places: readonly Place[]): Bounds | undefined {
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

/** Everything that has a place. */
export function allPlaces(sites: readonly MapSite[]): Place[] {
  return sites.flatMap(({ site, placed }) => [
    ...(site.location ? [site.location] : []),
    ...placed.map(({ location }) => location),
  ]);
}
