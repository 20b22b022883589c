import type { Schemas } from '@/shared/api/client';
import { compact, moment, type Search, text, word } from '@/shared/model/search';
import { startOfDay, startOfHour } from '@/shared/model/time';

export const SPANS = ['hour', 'today', 'yesterday', 'week', 'month'] as const;
type Span = (typeof SPANS)[number];
export const GROUPS = ['class', 'direction', 'none'] as const;

export interface StatisticsSearch {
  span?: Span;
  /** `line kerb` or `zone crossing`. */
  place?: string;
  camera?: string;
  group?: (typeof GROUPS)[number];
  /** The day to show instead of a span that ends now. */
  day?: string;
}

export function statisticsSearch(search: Search): StatisticsSearch {
  return compact({
    span: word(search.span, SPANS),
    place: text(search.place),
    camera: text(search.camera),
    group: word(search.group, GROUPS),
    day: moment(search.day),
  });
}

export interface Range {
  from: string;
  to: string;
  bin: Schemas['BinLength'];
}

const QUARTER_MS = 15 * 60_000;

/** The time that is shown, in whole bins of the site's zone. The bin that goes on is part of it. */
export function range(search: StatisticsSearch, now: Date, zone: string): Range {
  const iso = (from: Date, to: Date, bin: Schemas['BinLength']) => ({
    from: from.toISOString(),
    to: to.toISOString(),
    bin,
  });
  if (search.day) {
    const day = new Date(search.day);
    return iso(startOfDay(day, zone), startOfDay(day, zone, 1), '1h');
  }
  switch (search.span ?? 'today') {
    case 'hour': {
      const end = Math.ceil((now.getTime() + 1) / 60_000) * 60_000;
      return iso(new Date(end - 60 * 60_000), new Date(end), '1m');
    }
    case 'today': {
      const start = startOfDay(now, zone);
      const end = new Date(startOfHour(now, zone).getTime() + 4 * QUARTER_MS);
      // Early in the day there would be little to see in hours.
      const short = end.getTime() - start.getTime() <= 6 * 3_600_000;
      return iso(start, end, short ? '15m' : '1h');
    }
    case 'yesterday':
      return iso(startOfDay(now, zone, -1), startOfDay(now, zone), '1h');
    case 'week':
      return iso(startOfDay(now, zone, -6), startOfDay(now, zone, 1), '1h');
    case 'month':
      return iso(startOfDay(now, zone, -29), startOfDay(now, zone, 1), '1d');
  }
}

const LONG_S = 4 * 3600;
const DAY_S = 24 * 3600;

/** The time of a video file in whole bins; a day from its beginning while its length is not known. */
export function rangeOfFile(startTime: string, seconds: number | undefined): Range {
  const length = Number.isFinite(seconds) ? (seconds ?? DAY_S) : DAY_S;
  const [bin, step] = length <= LONG_S ? (['1m', 60_000] as const) : (['15m', QUARTER_MS] as const);
  const start = Date.parse(startTime);
  const end = start + Math.min(length, 7 * DAY_S) * 1000;
  return {
    from: new Date(Math.floor(start / step) * step).toISOString(),
    to: new Date(Math.floor(end / step) * step + step).toISOString(),
    bin,
  };
}

/** The same question as a link to a file. */
export function fileAddress(
  siteId: string,
  asked: Record<string, string | string[] | undefined>,
  format: 'csv' | 'geojson',
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    for (const one of value === undefined ? [] : [value].flat()) query.append(name, one);
  }
  query.set('format', format);
  return `/api/v1/sites/${encodeURIComponent(siteId)}/counts?${query}`;
}
