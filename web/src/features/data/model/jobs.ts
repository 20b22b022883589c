import type { Schemas } from '@/shared/api/client';
import type { MessageId } from '@/shared/i18n/en';
import { fromLocalInput } from '@/shared/model/time';

const SOON_MS = 2_000;
const LONGEST_MS = 366 * 86_400_000;

/** A clock that is late by less than this does not hide that an archive is being removed. */
const LATE_MS = 60_000;

interface Job {
  state: string;
  expires_at?: string | null;
}

/** Whether the archive of an export is being removed, or will never be there. The service does it in the background. */
export function isClosing(job: Job, now: Date): boolean {
  const ends = job.expires_at ? Date.parse(job.expires_at) : Number.POSITIVE_INFINITY;
  return !isOver(job) && ends <= now.getTime() + LATE_MS;
}

/** Whether there is no archive any more. */
function isOver(job: Job): boolean {
  return job.state === 'expired' || job.state === 'failed';
}

/** Whether there is anything of an export that can be stopped or removed. */
export function isRemovable(job: Job, now: Date): boolean {
  return !isOver(job) && !isClosing(job, now);
}

/** How soon a list is asked for again: while something of it goes on. */
export function askAgainMs(jobs: Job[] | undefined, now: Date): number | false {
  const goesOn = (job: Job) => job.state === 'queued' || job.state === 'running' || isClosing(job, now);
  return jobs?.some(goesOn) ? SOON_MS : false;
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
