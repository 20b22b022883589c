import type { Schemas } from '@/shared/api/client';
import { CLASSES } from '@/shared/model/classes';
import { compact, day, moment, positive, type Search, text, word, words } from '@/shared/model/search';

const DIRECTIONS: readonly Schemas['CrossingDirection'][] = ['in', 'out'];

/** A search for road users as its address says it. */
export interface TrackFilters {
  class?: Schemas['RoadUserClass'][];
  camera?: string;
  zone?: string;
  line?: string;
  direction?: Schemas['CrossingDirection'];
  /** The days that are shown, of the zone of the site. Without them: those of `from` and `to`, else today. */
  day?: string;
  until?: string;
  /** The part of the days that is searched. */
  from?: string;
  to?: string;
  /** All days that are stored. */
  time?: 'any';
  longer?: number;
}

export function trackFilters(search: Search): TrackFilters {
  return compact({
    class: words(search.class, CLASSES),
    camera: text(search.camera),
    zone: text(search.zone),
    line: text(search.line),
    direction: word(search.direction, DIRECTIONS),
    day: day(search.day),
    until: day(search.until),
    from: moment(search.from),
    to: moment(search.to),
    time: word(search.time, ['any'] as const),
    longer: positive(search.longer),
  });
}

/** `time`: what is searched; `undefined`: any time. */
export function trackQuery(filters: TrackFilters, time: { from: Date; to: Date } | undefined) {
  return compact({
    class: filters.class,
    camera_id: filters.camera ? [filters.camera] : undefined,
    zone_id: filters.zone,
    line_id: filters.line,
    direction: filters.direction,
    from: time?.from.toISOString(),
    to: time?.to.toISOString(),
    min_duration_s: filters.longer,
  });
}

export interface Place {
  kind: 'zone' | 'line';
  id: string;
  name: string;
}

/** The zones and lines that a search can name; of cameras that share an id, once. */
export function places(cameras: readonly Schemas['Camera'][], camera: string | undefined): Place[] {
  const found = new Map<string, Place>();
  for (const one of cameras) {
    if (camera !== undefined && one.id !== camera) continue;
    for (const { id, name } of one.settings.zones ?? [])
      found.set(`zone ${id}`, { kind: 'zone', id, name: name || id });
    for (const { id, name } of one.settings.lines ?? [])
      found.set(`line ${id}`, { kind: 'line', id, name: name || id });
  }
  return [...found.values()];
}
