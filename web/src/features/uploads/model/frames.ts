import type { Schemas } from '@/shared/api/client';

type Frame = Schemas['UploadFrame'];

/** Frames are read in parts of so many seconds. */
const PART_S = 6;
/** A player counts in the ticks of the file, the API in microseconds. Frames of 240 a second are four times further apart. */
const SAME_S = 0.001;

export function partAt(seconds: number): number {
  return Math.max(0, Math.floor(seconds / PART_S));
}

/** The capture times of a part. All parts are from milliseconds on, so that none overlap. */
export function rangeOf(startTime: string, part: number): { from: string; to: string } {
  const at = (of: number) => new Date(Date.parse(startTime) + of * PART_S * 1000).toISOString();
  return { from: at(part), to: at(part + 1) };
}

/** The frames of a file, as far as they were read, in the order of their times. */
export class Frames {
  private readonly parts = new Map<number, readonly Frame[]>();
  private sorted: Frame[] = [];

  has(part: number): boolean {
    return this.parts.has(part);
  }

  add(part: number, frames: readonly Frame[]): void {
    this.parts.set(part, frames);
    this.sorted = [...this.parts.values()].flat().sort((one, other) => one.seconds - other.seconds);
  }

  /** The frame that is shown at exactly this time; `undefined` if it was not analysed. Never its neighbour. */
  at(seconds: number): Frame | undefined {
    const frame = this.sorted[this.indexFrom(seconds - SAME_S)];
    return frame && Math.abs(frame.seconds - seconds) <= SAME_S ? frame : undefined;
  }

  /** Where to go for the frame after this time, or before it: into the middle of the frame, so that rounding hits no other. */
  neighbour(seconds: number, forward: boolean): number | undefined {
    const index = forward ? this.indexFrom(seconds + SAME_S) : this.indexFrom(seconds - SAME_S) - 1;
    const frame = this.sorted[index];
    if (!frame) return undefined;
    const next = this.sorted[index + 1];
    return frame.seconds + Math.min(next ? (next.seconds - frame.seconds) / 2 : SAME_S, 0.02);
  }

  /**
   * The time at which the player shows the first frame, for the time of the player. `undefined`: the file begins with frames that were not
   * analysed, and nobody knows where the others are.
   */
  begins(shownFirst: number): number | undefined {
    const first = this.sorted[0];
    return first && first.sequence === 0 ? shownFirst - first.seconds : undefined;
  }

  private indexFrom(seconds: number): number {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sorted[middle]?.seconds ?? 0) < seconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** `1:02.5` */
export function clock(seconds: number): string {
  const tenths = Math.floor(Math.max(0, seconds) * 10);
  const minutes = Math.floor(tenths / 600);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return `${minutes}:${rest}`;
}
