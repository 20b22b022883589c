import type { Turn } from './message';

interface Size {
  width: number;
  height: number;
}

/** The size of a picture before it is turned to this one. */
export function before(upright: Size, turn: Turn): Size {
  return turn.degrees % 180 === 0 ? upright : { width: upright.height, height: upright.width };
}

/** What a canvas draws at the size that is returned. `size`: of the upright picture with square pixels. */
export function upright(
  image: CanvasImageSource,
  size: Size,
  turn: Turn | undefined,
): { image: CanvasImageSource } & Size {
  if (!turn) return { image, ...size };
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext('2d', { alpha: false });
  const { width, height } = before(size, turn);
  context?.translate(size.width / 2, size.height / 2);
  context?.rotate((turn.degrees * Math.PI) / 180);
  context?.scale(turn.mirrored ? -1 : 1, 1);
  context?.drawImage(image, -width / 2, -height / 2, width, height);
  return { image: canvas, ...size };
}
