import type { Schemas } from '@/shared/api/client';
import type { MessageId } from '@/shared/i18n/en';
import { fromLocalInput } from '@/shared/model/time';

const SOON_MS = 2_000;
const LONGEST_MS = 366 * 86_400_000;

/** How soon a list is asked for again: while something of it goes on. */
export function askAgainMs(jobs: { state: string }[] | undefined): number | false {
  return jobs?.some((job) => job.state === 'queued' || job.state === 'running') ? SOON_MS : false;
}

/** The range that both inputs name in the site's zone, or what is wrong with it; `undefined` while one is empty. */
export function rangeOf(
  from: string,
  to: string,
  zone: string,
  now: Date,
): { range: Schemas['DataRange'] } | { wrong: MessageId } | undefined {
  const [start, end] = [fromLocalInput(from, zone), fromLocalInput(to, zone)];
  if (!start || !end) return undefined;
  if (start >= end) return { wrong: 'data.wrong-order' };
  if (end > now) return { wrong: 'data.wrong-future' };
  if (end.getTime() - start.getTime() > LONGEST_MS) return { wrong: 'data.wrong-length' };
  return { range: { from: start.toISOString(), to: end.toISOString() } };
}

/** What a person wants to know first stands first. */
const KINDS = [
  'alerts',
  'tracks',
  'snapshots',
  'clips',
  'frames',
  'detections',
  'passages',
  'count_bins',
  'watched_bins',
  'reviews',
  'comments',
  'seen_marks',
  'webhook_deliveries',
  'parquet_rows',
  'missing_pictures',
] as const;
type Kind = (typeof KINDS)[number];

/** How many there were of each kind of which there was something. */
export function countsOf(counts: Schemas['Deleted'] | Schemas['Exported']): { kind: Kind; count: number }[] {
  const numbers: Partial<Record<Kind, number>> = counts;
  return KINDS.map((kind) => ({ kind, count: numbers[kind] ?? 0 })).filter(({ count }) => count > 0);
}
