/** Zones and lines as they are drawn: corners in fractions of the picture, with undo. */

export type Point = readonly [number, number];
export type Kind = 'zone' | 'line';

export interface Shape {
  kind: Kind;
  id: string;
  name: string;
  points: readonly Point[];
}

export interface Drawing {
  shapes: readonly Shape[];
  /** What undo goes back to, the newest last. */
  past: readonly (readonly Shape[])[];
}

const MOST_UNDO = 100;
export const FEWEST: Record<Kind, number> = { zone: 3, line: 2 };
const PRECISION = 10_000;

export function start(shapes: readonly Shape[]): Drawing {
  return { shapes, past: [] };
}

/** The same value comes back if the change is refused. */
function change(drawing: Drawing, shapes: readonly Shape[]): Drawing {
  if (shapes.some((shape) => problem(shape) !== undefined)) return drawing;
  return { shapes, past: [...drawing.past, drawing.shapes].slice(-MOST_UNDO) };
}

export function undo(drawing: Drawing): Drawing {
  const before = drawing.past.at(-1);
  return before ? { shapes: before, past: drawing.past.slice(0, -1) } : drawing;
}

function clamp(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * PRECISION) / PRECISION;
}

function place([x, y]: Point): Point {
  return [clamp(x), clamp(y)];
}

function replace(drawing: Drawing, index: number, edit: (shape: Shape) => Shape): readonly Shape[] {
  return drawing.shapes.map((shape, at) => (at === index ? edit(shape) : shape));
}

export function moveCorner(drawing: Drawing, shape: number, corner: number, to: Point): Drawing {
  const points = (before: Shape) => before.points.map((point, at) => (at === corner ? place(to) : point));
  return change(
    drawing,
    replace(drawing, shape, (before) => ({ ...before, points: points(before) })),
  );
}

/** A new corner in the middle of the side after this corner. */
export function addCorner(drawing: Drawing, shape: number, corner: number): Drawing {
  const edit = (before: Shape): Shape => {
    const from = before.points[corner];
    const to = before.points[(corner + 1) % before.points.length];
    if (!from || !to) return before;
    const middle = place([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]);
    return { ...before, points: before.points.toSpliced(corner + 1, 0, middle) };
  };
  return change(drawing, replace(drawing, shape, edit));
}

export function removeCorner(drawing: Drawing, shape: number, corner: number): Drawing {
  const edit = (before: Shape) => ({ ...before, points: before.points.toSpliced(corner, 1) });
  return change(drawing, replace(drawing, shape, edit));
}

export function rename(drawing: Drawing, shape: number, name: string): Drawing {
  return change(
    drawing,
    replace(drawing, shape, (before) => ({ ...before, name })),
  );
}

export function removeShape(drawing: Drawing, shape: number): Drawing {
  return change(drawing, drawing.shapes.toSpliced(shape, 1));
}

/** A shape in the middle, with an id that the camera does not have. */
export function addShape(drawing: Drawing, kind: Kind, name: string): Drawing {
  const ids = new Set(drawing.shapes.filter((shape) => shape.kind === kind).map((shape) => shape.id));
  let number = 1;
  while (ids.has(`${kind}-${number}`)) number += 1;
  const points: Point[] =
    kind === 'zone'
      ? [
          [0.35, 0.4],
          [0.65, 0.4],
          [0.7, 0.8],
          [0.3, 0.8],
        ]
      : [
          [0.3, 0.6],
          [0.7, 0.6],
        ];
  return change(drawing, [...drawing.shapes, { kind, id: `${kind}-${number}`, name: `${name} ${number}`, points }]);
}

export type Mistake = 'too-few' | 'crosses-itself' | 'no-area';

/** Why inference would refuse the shape. */
export function problem(shape: Shape): Mistake | undefined {
  const { kind, points } = shape;
  if (points.length < FEWEST[kind]) return 'too-few';
  const sides = points.map((from, at): [Point, Point] => [from, points[(at + 1) % points.length] ?? from]);
  if (kind === 'line') sides.pop();
  for (const [first, one] of sides.entries()) {
    for (let second = first + 1; second < sides.length; second += 1) {
      const other = sides[second];
      if (!other) continue;
      const adjacent = second === first + 1 || (kind === 'zone' && first === 0 && second === sides.length - 1);
      if (!adjacent && meet(one, other)) return 'crosses-itself';
    }
  }
  return kind === 'zone' && area(points) < 1e-6 ? 'no-area' : undefined;
}

function area(points: readonly Point[]): number {
  let twice = 0;
  for (const [at, [x, y]] of points.entries()) {
    const [nextX, nextY] = points[(at + 1) % points.length] ?? [x, y];
    twice += x * nextY - nextX * y;
  }
  return Math.abs(twice) / 2;
}

/** Positive where `c` is on one side of the line from `a` to `b`, negative on the other. */
function turn(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

function within(a: Point, b: Point, c: Point): boolean {
  return (
    Math.min(a[0], b[0]) <= c[0] &&
    c[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= c[1] &&
    c[1] <= Math.max(a[1], b[1])
  );
}

function meet([a, b]: [Point, Point], [c, d]: [Point, Point]): boolean {
  const [abc, abd, cda, cdb] = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
  if (abc * abd < 0 && cda * cdb < 0) return true;
  return (
    (abc === 0 && within(a, b, c)) ||
    (abd === 0 && within(a, b, d)) ||
    (cda === 0 && within(c, d, a)) ||
    (cdb === 0 && within(c, d, b))
  );
}

/** How far an arrow key moves a corner. */
export function step(key: string, large: boolean): Point | undefined {
  const by = large ? 0.05 : 0.005;
  const steps: Record<string, Point> = {
    ArrowLeft: [-by, 0],
    ArrowRight: [by, 0],
    ArrowUp: [0, -by],
    ArrowDown: [0, by],
  };
  return steps[key];
}
