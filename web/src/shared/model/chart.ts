/** One line or stack of bars: `null` is a gap. */
export interface ChartSeries {
  name: string;
  colour: string;
  points: { from: string; count: number | null }[];
}

/** A mark, the gap beside it, and a letter of the font that the names have. */
const MARK_PX = 40;
const LETTER_PX = 7;

/** How many lines the names of a chart take above it. */
export function legendLines(names: readonly string[], width: number): number {
  let [lines, taken] = [0, Number.POSITIVE_INFINITY];
  for (const name of names) {
    const own = MARK_PX + LETTER_PX * name.length;
    if (taken + own > width) [lines, taken] = [lines + 1, 0];
    taken += own;
  }
  return lines;
}
