export interface HeatCell {
  x: number;
  y: number;
  width: number;
  height: number;
  /** 0 to 1; time is spread over powers of ten, so that a place where people walk is seen beside one where they wait. */
  strength: number;
}

const LEAST_SECONDS = 0.1;

/** The cells in which somebody was, in fractions of the picture, and the longest time in one of them. */
export function heatCells(seconds: readonly (readonly number[])[]): { cells: HeatCell[]; longest: number } {
  const longest = seconds.reduce((most, row) => row.reduce((one, value) => Math.max(one, value), most), 0);
  const rows = seconds.length;
  const cells: HeatCell[] = [];
  const whole = Math.log(Math.max(longest, LEAST_SECONDS * 10) / LEAST_SECONDS);
  for (const [y, row] of seconds.entries()) {
    for (const [x, value] of row.entries()) {
      if (value < LEAST_SECONDS) continue;
      const strength = Math.min(1, Math.log(value / LEAST_SECONDS) / whole);
      cells.push({ x: x / row.length, y: y / rows, width: 1 / row.length, height: 1 / rows, strength });
    }
  }
  return { cells, longest };
}
