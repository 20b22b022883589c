/** A message of the live feed: the length of its head (32 bits, big-endian), the head as JSON, then the bytes of the picture. */

import type { OverlayObject } from '@/shared/model/overlay';

export type Rendition = 'tile' | 'full';

interface LiveHead {
  camera_id: string;
  captured_at: string;
  rendition: string;
  picture: { type: string; width: number; height: number } | null;
  /** `null`: the frame was not analysed, so nobody knows who is there. */
  objects: OverlayObject[] | null;
}

export interface LivePicture {
  head: LiveHead;
  bytes: Uint8Array<ArrayBuffer>;
}

const LENGTH_BYTES = 4;

/** `undefined`: not such a message. */
export function parse(message: ArrayBuffer): LivePicture | undefined {
  if (message.byteLength < LENGTH_BYTES) return undefined;
  const length = new DataView(message).getUint32(0);
  if (LENGTH_BYTES + length > message.byteLength) return undefined;
  try {
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(message, LENGTH_BYTES, length)));
    return { head, bytes: new Uint8Array(message, LENGTH_BYTES + length) };
  } catch {
    return undefined;
  }
}
