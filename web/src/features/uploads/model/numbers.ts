/** Who came first in a file is number 1. The ids of tracks are long, and say nothing to people. */
export function numbersOf(tracks: readonly { id: string; first_seen: string }[]): ReadonlyMap<string, number> {
  const came = (one: { id: string; first_seen: string }) => Date.parse(one.first_seen);
  const order = (id: string) => Number(id.split('.').at(-1));
  const sorted = tracks.toSorted((one, other) => came(one) - came(other) || order(one.id) - order(other.id));
  return new Map(sorted.map(({ id }, index) => [id, index + 1]));
}
