import type { Schemas } from '@/shared/api/client';
import type { Text } from '@/shared/i18n/i18n';
import type { ChartSeries } from '@/shared/model/chart';
import { CLASS_COLOURS } from '@/shared/model/classes';

export interface PlaceCounts {
  key: string;
  cameraId: string;
  kind: 'line' | 'zone';
  id: string;
  series: Schemas['CountSeries'][];
}

/** The answer, by line and zone. */
export function byPlace(counts: Schemas['Counts']): PlaceCounts[] {
  const found = new Map<string, PlaceCounts>();
  for (const series of counts.series) {
    const kind = series.line_id == null ? 'zone' : 'line';
    const id = series.line_id ?? series.zone_id ?? '';
    const key = `${series.camera_id} ${kind} ${id}`;
    const place = found.get(key) ?? { key, cameraId: series.camera_id, kind, id, series: [] };
    place.series.push(series);
    found.set(key, place);
  }
  return [...found.values()];
}

const DIRECTION_COLOURS = { in: '#0b7285', out: '#c2255c' } as const;

/** What the chart draws. A class that never came is left out, but a gap stays a gap: one series always remains. */
export function chartSeries(series: readonly Schemas['CountSeries'][], t: Text): ChartSeries[] {
  const drawn = series.map((one) => ({
    name:
      [one.class ? t(`class.${one.class}`) : undefined, one.direction ? t(`direction.${one.direction}`) : undefined]
        .filter((part) => part !== undefined)
        .join(', ') || t('statistics.all'),
    colour: one.class ? CLASS_COLOURS[one.class] : one.direction ? DIRECTION_COLOURS[one.direction] : '#0b7285',
    points: one.bins.map((bin) => ({ from: bin.from, count: bin.count ?? null })),
  }));
  const came = drawn.filter((one) => one.points.some((point) => (point.count ?? 0) > 0));
  return came.length > 0 ? came : drawn.slice(0, 1);
}

export interface Total {
  count: number;
  /** Share of the time in which somebody looked, 0 to 1. */
  watched: number;
}

/** `count` is what was seen; with `watched` below 1 it may be too small. Bins that have not begun do not count. */
export function total(series: readonly Schemas['CountSeries'][], now: Date): Total {
  let count = 0;
  let watched = 0;
  let seconds = 0;
  for (const one of series) {
    for (const bin of one.bins) {
      count += bin.count ?? 0;
      const begun = Math.min(bin.seconds, Math.max(0, (now.getTime() - new Date(bin.from).getTime()) / 1000));
      watched += Math.min(bin.watched_seconds, begun);
      seconds += begun;
    }
  }
  return { count, watched: seconds > 0 ? watched / seconds : 0 };
}
