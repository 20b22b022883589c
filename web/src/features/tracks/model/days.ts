import type { Schemas } from '@/shared/api/client';
import { fromLocalInput, startOfDay, toLocalInput } from '@/shared/model/time';
import type { TrackFilters } from './filters';

/** The days over which the slider goes, and what of them is searched. */
export interface ShownTime {
  begin: Date;
  end: Date;
  from: Date;
  to: Date;
  bin: Schemas['BinLength'];
}

/** A month: in longer times nobody slides. */
const MOST_DAYS = 31;

/** The day of the zone in which `at` is. */
export function dayOf(at: Date, zone: string): string {
  return toLocalInput(at, zone).slice(0, 10);
}

function begins(day: string | undefined, zone: string): Date | undefined {
  // Clocks may skip midnight, never noon.
  const noon = day ? fromLocalInput(`${day}T12:00`, zone) : undefined;
  return noon && startOfDay(noon, zone);
}

/** What is shown: the days that are chosen, else those of the times that are asked for, else today. `undefined`: any time. */
export function shownTime(filters: TrackFilters, zone: string, now: Date): ShownTime | undefined {
  if (filters.time === 'any') return undefined;
  const asked = { from: date(filters.from), to: date(filters.to) };
  const begin = begins(filters.day, zone) ?? startOfDay(asked.from ?? before(asked.to) ?? now, zone);
  const last = begins(filters.until, zone) ?? (filters.day ? begin : lastDay(asked, zone, now));
  const latest = startOfDay(begin, zone, MOST_DAYS);
  const end = clamp(startOfDay(last, zone, 1), startOfDay(begin, zone, 1), latest);
  const bin = end > startOfDay(begin, zone, 1) ? '1h' : '15m';
  const [from, to] = [clamp(asked.from ?? begin, begin, end), clamp(asked.to ?? end, begin, end)];
  // A part that is empty, or outside of the days, was not meant.
  return from < to ? { begin, end, from, to, bin } : { begin, end, from: begin, to: end, bin };
}

function date(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}

/** A time that ends at midnight belongs to the day before. */
function before(at: Date | undefined): Date | undefined {
  return at && new Date(at.getTime() - 1);
}

function lastDay(asked: { from: Date | undefined; to: Date | undefined }, zone: string, now: Date): Date {
  return startOfDay(before(asked.to) ?? now, zone);
}

function clamp(at: Date, least: Date, most: Date): Date {
  return new Date(Math.min(Math.max(at.getTime(), least.getTime()), most.getTime()));
}

/** The filters with other days. The part of them that is searched is all. */
export function onDays(filters: TrackFilters, day: string | undefined, until?: string): TrackFilters {
  const several = until !== undefined && day !== undefined && until > day;
  return { ...filters, time: undefined, from: undefined, to: undefined, day, until: several ? until : undefined };
}

/** So many days earlier or later. */
export function shifted(filters: TrackFilters, shown: ShownTime, zone: string, direction: -1 | 1): TrackFilters {
  const days = Math.round((shown.end.getTime() - shown.begin.getTime()) / 86_400_000);
  const first = startOfDay(shown.begin, zone, direction * days);
  return onDays(filters, dayOf(first, zone), dayOf(startOfDay(first, zone, days - 1), zone));
}

/** The filters with another part of the days. What is as long as the days is not in the address. */
export function onPart(filters: TrackFilters, shown: ShownTime, zone: string, from: Date, to: Date): TrackFilters {
  const last = startOfDay(new Date(shown.end.getTime() - 1), zone);
  return {
    ...onDays(filters, dayOf(shown.begin, zone), dayOf(last, zone)),
    from: from > shown.begin ? from.toISOString() : undefined,
    to: to < shown.end ? to.toISOString() : undefined,
  };
}
