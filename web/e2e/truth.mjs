// A video that says in its own pictures which one each is, and reading that from the screen.
import { execFileSync } from 'node:child_process';
import { decode } from './png.mjs';

/** Brightness of the patch in picture N, 24 levels apart by 9: more than compression changes. */
export const LEVELS = 24;
const STEP = 9;
const BASE = 20;
/** Share of the picture that the patch takes, from its top left. */
const PATCH = 1 / 12;

/** Makes it of the first seconds of a clip: with pictures out of order, as most files have them, or in order, as cameras send them. */
export function numbered(clip, file, { seconds = 8, reordered = 3, group = 40 } = {}) {
  const patch = `nullsrc=s=64x48:r=10,geq=lum='${BASE}+${STEP}*mod(N,${LEVELS})':cb=128:cr=128`;
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-y', '-i', clip, '-f', 'lavfi', '-i', patch, '-t', String(seconds)],
    ...['-filter_complex', '[0:v]scale=768:576,fps=10[street];[street][1:v]overlay=0:0:shortest=1,format=yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-bf', String(reordered), '-g', String(group)],
    ...['-color_range', 'tv', file],
  ]);
  return { width: 768, height: 576 };
}

/** Which of the pictures (modulo 24) a screenshot of the canvas shows. */
export function numberIn(png) {
  const { width, height, pixels } = decode(png);
  const side = Math.floor(Math.min(width, height) * PATCH * 0.5);
  let sum = 0;
  for (let y = side >> 1; y < side; y += 1) {
    for (let x = side >> 1; x < side; x += 1) sum += (pixels[y * width + x] >> 8) & 0xff;
  }
  return numberOfLevel(sum / (side - (side >> 1)) ** 2);
}

/** Which of the pictures has a patch that is so bright, 0 to 255. */
function numberOfLevel(shown) {
  // Video has its black at 16 and its white at 235.
  const bright = (shown * 219) / 255 + 16;
  return Math.round((bright - BASE) / STEP);
}

export const numberOf = (sequence) => sequence % LEVELS;
