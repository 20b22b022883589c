// The pictures of the user guide, which the steps take.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shrink } from './png.mjs';

// scripts/check_docs.py allows 200 KB.
const LIMIT = 190 * 1024;
const HEIGHT = 800;

/** Returns what takes a picture of a page, or of a part of one. Without a folder it takes none. */
export function pictureIn(folder) {
  if (!folder) return async () => undefined;
  mkdirSync(folder, { recursive: true });
  return async (name, of) => {
    // A pointer that rests on something, and a caret that blinks, would be in one picture and not in the next.
    const options = { caret: 'hide', animations: 'disabled' };
    const size = of.viewportSize?.();
    const png = await of.screenshot(
      size ? { ...options, clip: { x: 0, y: 0, width: size.width, height: Math.min(size.height, HEIGHT) } } : options,
    );
    writeFileSync(join(folder, `${name}.png`), shrink(png, LIMIT));
  };
}
