import { ApiError, type Schemas } from '@/shared/api/client';

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What a small picture shows: the picture, that it comes, or why there is none. */
export type Thumbnail =
  | { kind: 'picture'; url: string; box: Box | undefined }
  | { kind: 'loading' }
  | { kind: 'none' | 'gone' | 'denied' | 'failed' };

export function thumbnail(
  track: { has_snapshot: boolean },
  answer: { data: Schemas['ShownTrack'] | undefined; error: unknown },
  broken: boolean,
): Thumbnail {
  if (!track.has_snapshot) return { kind: 'none' };
  if (answer.data) {
    const { state, url, box } = answer.data;
    if (state === 'stored' && url) return broken ? { kind: 'failed' } : { kind: 'picture', url, box: box ?? undefined };
    return { kind: state === 'none' ? 'none' : 'gone' };
  }
  if (!answer.error) return { kind: 'loading' };
  const denied = answer.error instanceof ApiError && answer.error.status === 403;
  // The service keeps no pictures at all.
  const without = answer.error instanceof ApiError && answer.error.code === 'pictures_not_configured';
  return { kind: denied ? 'denied' : without ? 'none' : 'failed' };
}

/** Around a road user there is half of its size on both sides, so that one sees where it is. */
const MARGIN = 0.35;
/** No part is smaller than this share of the height of the picture: a few pixels would fill the frame. */
const SMALLEST = 0.18;

/** The part of a picture that a frame shows, in fractions of the picture. `ratio`: width by height, of the picture and of the frame. */
export function crop(box: Box | undefined, ratio: number, frame: number): Box {
  const whole = cover(1, ratio, frame);
  if (!box) return centred(0.5, 0.5, whole, ratio, frame);
  const height = Math.max(box.height * (1 + 2 * MARGIN), (box.width * (1 + 2 * MARGIN) * ratio) / frame, SMALLEST);
  return centred(box.left + box.width / 2, box.top + box.height / 2, Math.min(height, whole), ratio, frame);
}

/** The largest height up to `most` at which a part with the ratio of the frame is inside of the picture. */
function cover(most: number, ratio: number, frame: number): number {
  return Math.min(most, ratio / frame);
}

function centred(x: number, y: number, height: number, ratio: number, frame: number): Box {
  const width = (height * frame) / ratio;
  const inside = (middle: number, size: number) => Math.min(Math.max(middle - size / 2, 0), 1 - size);
  return { left: inside(x, width), top: inside(y, height), width, height };
}

/** As styles of a picture in a frame that hides what is outside of it. */
export function placed(part: Box): Record<'left' | 'top' | 'width' | 'height', string> {
  const percent = (value: number) => `${(value * 100).toFixed(3)}%`;
  return {
    left: percent(-part.left / part.width),
    top: percent(-part.top / part.height),
    width: percent(1 / part.width),
    height: percent(1 / part.height),
  };
}

/** Where something in the picture is in the frame. */
export function inFrame(box: Box, part: Box): Record<'left' | 'top' | 'width' | 'height', string> {
  const percent = (value: number) => `${(value * 100).toFixed(3)}%`;
  return {
    left: percent((box.left - part.left) / part.width),
    top: percent((box.top - part.top) / part.height),
    width: percent(box.width / part.width),
    height: percent(box.height / part.height),
  };
}
