import type { Bounds } from './places';

const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
const FEWEST_LINES = 4;

/** Meridians and parallels through what is shown, at least four each way, so that one sees a scale wherever one is. */
export function graticule([west, south, east, north]: Bounds): GeoJSON.Feature<GeoJSON.MultiLineString> {
  const width = Math.min(east - west, 360);
  const height = north - south;
  const step = STEPS.find((one) => Math.min(width, height) / one >= FEWEST_LINES) ?? 0.001;
  const lines: GeoJSON.Position[][] = [];
  // Whole numbers of steps: sums of fractions would drift.
  for (let at = Math.floor(west / step); at <= Math.ceil((west + width) / step); at += 1) {
    lines.push([
      [at * step, south],
      [at * step, north],
    ]);
  }
  for (let at = Math.floor(south / step); at <= Math.ceil(north / step); at += 1) {
    lines.push([
      [west, at * step],
      [west + width, at * step],
    ]);
  }
  return { type: 'Feature', properties: {}, geometry: { type: 'MultiLineString', coordinates: lines } };
}

/** Coasts that cross the date line go on beyond 180 degrees; otherwise they would go back once around the world. */
export function beyondDateLine(land: GeoJSON.Geometry): GeoJSON.Geometry {
  if (land.type !== 'MultiPolygon') return land;
  return { ...land, coordinates: land.coordinates.map((polygon) => polygon.map(unwrapped)) };
}

function unwrapped(ring: GeoJSON.Position[]): GeoJSON.Position[] {
  let turns = 0;
  return ring.map(([longitude = 0, latitude = 0], at) => {
    const before = ring[at - 1]?.[0] ?? longitude;
    if (longitude - before > 180) turns -= 360;
    else if (longitude - before < -180) turns += 360;
    return [longitude + turns, latitude];
  });
}
