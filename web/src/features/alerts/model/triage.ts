import type { Schemas } from '@/shared/api/client';

export const REASONS: readonly Schemas['DismissalReason'][] = [
  'nobody_there',
  'other_class',
  'other_place',
  'allowed',
  'repetition',
  'test',
  'other',
];

export type Command = 'next' | 'previous' | 'acknowledge' | 'dismiss' | 'reopen' | 'help';

const KEYS: Record<string, Command> = {
  j: 'next',
  ArrowDown: 'next',
  k: 'previous',
  ArrowUp: 'previous',
  a: 'acknowledge',
  d: 'dismiss',
  u: 'reopen',
  '?': 'help',
};

/** What a key means in the inbox; nothing while somebody types, or holds a modifier. */
export function commandOf(event: {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  typing: boolean;
}): Command | undefined {
  if (event.typing || event.ctrlKey || event.altKey || event.metaKey) return undefined;
  return KEYS[event.key];
}

/** The alert after or before the selected one. Without one, the first. */
export function neighbour<T extends { id: string }>(
  list: readonly T[],
  selected: string | undefined,
  by: 1 | -1,
): T | undefined {
  const at = list.findIndex((one) => one.id === selected);
  if (at < 0) return list[0];
  return list[Math.min(list.length - 1, Math.max(0, at + by))];
}

/** Where the selection goes when this alert leaves the list: to the one that takes its place. */
export function afterLeaving<T extends { id: string }>(list: readonly T[], leaving: string): T | undefined {
  const at = list.findIndex((one) => one.id === leaving);
  if (at < 0) return list[0];
  return list[at + 1] ?? list[at - 1];
}

/** The reason `other` needs words. */
export function isComplete(review: Schemas['WantedReview']): boolean {
  if (review.state !== 'dismissed') return true;
  return review.reason != null && (review.reason !== 'other' || (review.note ?? '').trim() !== '');
}
