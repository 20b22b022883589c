import type { Rendition } from './message';

/** Who on the page watches which camera. The feed has each camera once, in the largest form that somebody wants. */
export class Wishes {
  readonly #viewers = new Map<number, { camera: string; rendition: Rendition }>();
  #next = 0;

  add(camera: string, rendition: Rendition): number {
    this.#next += 1;
    this.#viewers.set(this.#next, { camera, rendition });
    return this.#next;
  }

  remove(viewer: number): void {
    this.#viewers.delete(viewer);
  }

  get isEmpty(): boolean {
    return this.#viewers.size === 0;
  }

  /** As the server reads it. `decodes`: whether this page decodes the camera's own stream, which has the whole picture in fewer bytes. */
  message(decodes: (camera: string) => boolean): string {
    const found = new Map<string, Rendition>();
    for (const { camera, rendition } of this.#viewers.values()) {
      if (rendition === 'full' || !found.has(camera)) found.set(camera, rendition);
    }
    const watch = [...found].map(([camera_id, rendition]) => {
      return { camera_id, rendition: rendition === 'full' && decodes(camera_id) ? 'h264' : rendition };
    });
    return JSON.stringify({ watch });
  }
}

const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/** How long to wait before connecting again, after so many failures; not the same for all pages that lost one server. */
export function backOff(failures: number, random: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10)) * (0.5 + random / 2);
}
