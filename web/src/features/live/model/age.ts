/** A picture older than this is not shown as live. */
export const STALE_MS = 2_000;

/** How old the newest picture of a camera is. The clocks of server and browser may differ, so what counts is how much later than the
 * fastest picture this one came, and how long ago that was. */
export class Ages {
  #least = Number.POSITIVE_INFINITY;
  #newest: { arrived: number; late: number } | undefined;

  /** Both in milliseconds; `arrived` of a clock that only goes forward. */
  add(arrived: number, captured: number): void {
    const delay = arrived - captured;
    this.#least = Math.min(this.#least, delay);
    this.#newest = { arrived, late: delay - this.#least };
  }

  /** `undefined`: no picture has come yet. */
  at(now: number): number | undefined {
    return this.#newest && now - this.#newest.arrived + this.#newest.late;
  }
}
