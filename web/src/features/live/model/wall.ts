import { compact, type Search } from '@/shared/model/search';

export const MOST_TILES = 16;

/** Which cameras a wall shows; without any, the first ones of the site. */
export interface WallSearch {
  cameras?: string[];
}

export function wallSearch(search: Search): WallSearch {
  const given = [search.cameras].flat().filter((id): id is string => typeof id === 'string' && id.length <= 200);
  return compact({ cameras: given.length > 0 ? [...new Set(given)].slice(0, MOST_TILES) : undefined });
}

/** In the order of the address; what is gone is left out. */
export function onWall<T extends { id: string }>(cameras: readonly T[], chosen: readonly string[] | undefined): T[] {
  if (!chosen) return cameras.slice(0, MOST_TILES);
  return chosen.map((id) => cameras.find((camera) => camera.id === id)).filter((camera) => camera !== undefined);
}
