import type { Schemas } from '@/shared/api/client';

/** What a key of a site can be allowed. */
export const SCOPES: readonly Schemas['Scope'][] = [
  'sites:read',
  'cameras:read',
  'cameras:write',
  'live:read',
  'counts:read',
  'tracks:read',
  'alerts:read',
  'alerts:write',
  'pictures:read',
  'webhooks:read',
  'webhooks:write',
  'audit:read',
];

const DAY_MS = 86_400_000;

export function expiry(now: Date, days: number): string {
  return new Date(now.getTime() + days * DAY_MS).toISOString();
}
