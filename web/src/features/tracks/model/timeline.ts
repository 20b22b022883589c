import type { Schemas } from '@/shared/api/client';

/** How much is known of a bin. `later`: it has not come yet. */
type Watched = 'whole' | 'partly' | 'not' | 'later';

export interface Bar {
  from: number;
  to: number;
  /** Left edge and width, as shares of the whole time. */
  left: number;
  width: number;
  /** Share of the highest. */
  height: number;
  /** `null`: nobody looked. */
  count: number | null;
  watched: Watched;
}

export interface Timeline {
  /** Where the handles can be. */
  edges: number[];
  bars: Bar[];
  most: number;
}

/** Pictures are analysed some times a second, so the first and the last part of a second of a bin may be missing. */
const WHOLE = 0.97;

export function timeline(counts: Schemas['TrackCounts'], now: Date): Timeline {
  const edges = counts.bins.map((bin) => Date.parse(bin.from));
  const last = counts.bins.at(-1);
  if (last) edges.push(Date.parse(last.to));
  const [begin = 0, length = 1] = [edges[0], (edges.at(-1) ?? 1) - (edges[0] ?? 0)];
  const most = Math.max(0, ...counts.bins.map((bin) => bin.count ?? 0));
  const bars = counts.bins.map((bin): Bar => {
    const [from, to] = [Date.parse(bin.from), Date.parse(bin.to)];
    const count = bin.count ?? null;
    return {
      from,
      to,
      left: (from - begin) / length,
      width: (to - from) / length,
      height: most === 0 ? 0 : (count ?? 0) / most,
      count,
      watched: watched(bin, count, to, now.getTime()),
    };
  });
  return { edges, bars, most };
}

function watched(bin: Schemas['TrackBin'], count: number | null, to: number, now: number): Watched {
  const from = Date.parse(bin.from);
  if (from >= now && count === null) return 'later';
  if (count === null) return 'not';
  // Of the bin that goes on, only what is over can have been watched.
  const over = (Math.min(to, now) - from) / 1000;
  return bin.watched_seconds >= over * WHOLE - 5 ? 'whole' : 'partly';
}

/** The number of the edge that is nearest. */
export function nearest(edges: readonly number[], at: number): number {
  let found = 0;
  edges.forEach((edge, index) => {
    if (Math.abs(edge - at) < Math.abs((edges[found] ?? 0) - at)) found = index;
  });
  return found;
}

export type Handle = 'from' | 'to';
export type Part = Record<Handle, number>;

/** How far Page Up and Page Down go, in bins: an hour of quarters, a day of hours. */
export function page(bin: Schemas['BinLength']): number {
  return bin === '15m' ? 4 : 24;
}

/** Where a key moves a handle, as a number of an edge; `undefined`: the key is none of the slider. */
export function pressed(key: string, handle: Handle, part: Part, edges: number, step: number): number | undefined {
  const at = part[handle];
  const wanted: Record<string, number> = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    PageDown: at - step,
    PageUp: at + step,
    Home: 0,
    End: edges - 1,
  };
  const found = wanted[key];
  return found === undefined ? undefined : moved(handle, part, edges, found)[handle];
}

/** The part after a handle was moved. The handles do not pass each other, and one bin stays between them. */
export function moved(handle: Handle, part: Part, edges: number, wanted: number): Part {
  const [least, most] = bounds(handle, part, edges);
  return { ...part, [handle]: Math.min(Math.max(wanted, least), most) };
}

/** Between which edges a handle can be. */
export function bounds(handle: Handle, part: Part, edges: number): [least: number, most: number] {
  return handle === 'from' ? [0, Math.max(0, part.to - 1)] : [Math.min(edges - 1, part.from + 1), edges - 1];
}

/** The handle that a press on the time line moves. */
export function handleAt(part: Part, edges: readonly number[], at: number): Handle {
  const [from, to] = [edges[part.from] ?? 0, edges[part.to] ?? 0];
  return Math.abs(at - from) <= Math.abs(at - to) ? 'from' : 'to';
}

/** What is found in a part: how many began, and in how much of it nobody looked. */
export function sum(bars: readonly Bar[], from: number, to: number): { count: number; gaps: number; looked: boolean } {
  const within = bars.filter((bar) => bar.from >= from && bar.to <= to);
  return {
    count: within.reduce((all, bar) => all + (bar.count ?? 0), 0),
    gaps: within.filter((bar) => bar.watched === 'not').length,
    looked: within.some((bar) => bar.count !== null),
  };
}
