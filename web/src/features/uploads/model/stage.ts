import type { Schemas } from '@/shared/api/client';

type Upload = Schemas['Upload'];

/** Nothing changes by itself any more. */
export function isOver(upload: Pick<Upload, 'state'>): boolean {
  return upload.state === 'done' || upload.state === 'failed' || upload.state === 'cancelled';
}

/** While the service waits for bytes or works on them, somebody can stop it. */
export function canBeCancelled(upload: Pick<Upload, 'state'>): boolean {
  return !isOver(upload);
}

/** How much the service has of a file that is still being sent, 0 to 1; `undefined` once it has all of it. */
export function receivedShare(upload: Pick<Upload, 'state' | 'bytes' | 'received_bytes'>): number | undefined {
  if (upload.state !== 'receiving') return undefined;
  return upload.bytes > 0 ? upload.received_bytes / upload.bytes : 0;
}

/** How often to ask: often while something changes, seldom otherwise. */
export function askAgainMs(uploads: readonly Pick<Upload, 'state'>[] | undefined): number {
  return uploads?.every(isOver) ? 15_000 : 2_000;
}
