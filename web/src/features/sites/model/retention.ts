import type { Schemas } from '@/shared/api/client';

type Days = Schemas['RetentionDays'];

export const KINDS = ['detections', 'tracks', 'alerts', 'pictures', 'counts', 'uploads', 'audit'] as const;
type Kind = (typeof KINDS)[number];

/** Which kinds are kept for a shorter time than before: of these something is deleted. */
export function shortened(before: Days, after: Days, longest: Days): Kind[] {
  const days = (of: Days, kind: Kind) => of[kind] ?? longest[kind] ?? Number.POSITIVE_INFINITY;
  return KINDS.filter((kind) => days(after, kind) < days(before, kind));
}

/** Of an input: empty is as long as the service keeps it. */
export function daysOf(input: string | number): number | null {
  return typeof input === 'number' ? input : null;
}
