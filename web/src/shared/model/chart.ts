/** One line or stack of bars: `null` is a gap. */
export interface ChartSeries {
  name: string;
  colour: string;
  points: { from: string; count: number | null }[];
}
