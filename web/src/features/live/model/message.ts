/** A message of the live feed: the length of its head (32 bits, big-endian), the head as JSON, then the bytes of the picture. */

import type { OverlayObject } from '@/shared/model/overlay';

export type Rendition = 'tile' | 'full';

/** How a picture must be turned to be upright: mirrored first, then rotated clockwise. */
export interface Turn {
  mirrored: boolean;
  degrees: number;
}

interface PictureHead {
  type: string;
  width: number;
  height: number;
  /** Of an access unit of H.264. */
  codec?: string;
  key_frame?: boolean;
  turn?: Turn;
  /** It is only there because later ones need it. */
  earlier?: boolean;
}

export interface LiveHead {
  camera_id: string;
  session: string;
  sequence: number;
  captured_at: string;
  rendition: string;
  /** The size of the upright picture with square pixels. */
  source: { width: number; height: number };
  picture: PictureHead | null;
  /** `null`: the frame was not analysed, so nobody knows who is there. */
  objects: OverlayObject[] | null;
}

export interface LivePicture {
  head: LiveHead;
  bytes: Uint8Array<ArrayBuffer>;
}

export const H264 = 'video/h264';

const LENGTH_BYTES = 4;

/** When it was captured, in microseconds since 1970. */
export function micros(capturedAt: string): number {
  const [, whole = '', fraction = ''] = /^([^.Z]*)(?:\.(\d+))?Z$/.exec(capturedAt) ?? [];
  return Date.parse(`${whole}Z`) * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

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
