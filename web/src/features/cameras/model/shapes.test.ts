import { describe, expect, it } from 'vitest';
import {
  addCorner,
  addShape,
  moveCorner,
  type Point,
  problem,
  removeCorner,
  type Shape,
  start,
  step,
  undo,
} from './shapes';

const square: Shape = {
  kind: 'zone',
  id: 'a',
  name: 'A',
  points: [
    [0.2, 0.2],
    [0.8, 0.2],
    [0.8, 0.8],
    [0.2, 0.8],
  ],
};

function zone(points: Point[]): Shape {
  return { ...square, points };
}

describe('a zone', () => {
  it('must not cross itself', () => {
    expect(problem(square)).toBeUndefined();
    const [a, b, c, d] = square.points as [Point, Point, Point, Point];
    expect(problem(zone([a, c, b, d]))).toBe('crosses-itself');
    // A corner on another side.
    expect(problem(zone([a, b, c, d, [0.5, 0.2]]))).toBe('crosses-itself');
  });

  it('needs three corners and an area', () => {
    expect(problem(zone([...square.points.slice(0, 2)]))).toBe('too-few');
    expect(
      problem(
        zone([
          [0.1, 0.1],
          [0.2, 0.2],
          [0.3, 0.3],
        ]),
      ),
    ).toBe('no-area');
  });

  it('may bend inwards', () => {
    expect(
      problem(
        zone([
          [0.2, 0.2],
          [0.5, 0.5],
          [0.8, 0.2],
          [0.8, 0.8],
          [0.2, 0.8],
        ]),
      ),
    ).toBeUndefined();
  });
});

describe('drawing', () => {
  it('refuses a move after which a zone crosses itself', () => {
    const drawing = start([square]);
    expect(moveCorner(drawing, 0, 0, [0.9, 0.5])).toBe(drawing);
    expect(moveCorner(drawing, 0, 0, [0.1, 0.1]).shapes[0]?.points[0]).toEqual([0.1, 0.1]);
  });

  it('keeps corners inside of the picture', () => {
    expect(moveCorner(start([square]), 0, 0, [-1, -2]).shapes[0]?.points[0]).toEqual([0, 0]);
  });

  it('undoes each change', () => {
    let drawing = start([square]);
    drawing = addCorner(drawing, 0, 3);
    expect(drawing.shapes[0]?.points).toHaveLength(5);
    expect(drawing.shapes[0]?.points[4]).toEqual([0.2, 0.5]);
    drawing = removeCorner(drawing, 0, 0);
    drawing = undo(undo(drawing));
    expect(drawing.shapes).toEqual([square]);
    expect(undo(drawing)).toBe(drawing);
  });

  it('keeps as many corners as the shape needs', () => {
    const line: Shape = {
      kind: 'line',
      id: 'l',
      name: 'L',
      points: [
        [0, 0],
        [1, 1],
      ],
    };
    const drawing = start([line]);
    expect(removeCorner(drawing, 0, 0)).toBe(drawing);
  });

  it('gives new shapes ids of their own', () => {
    let drawing = start([]);
    drawing = addShape(drawing, 'zone', 'Zone');
    drawing = addShape(drawing, 'zone', 'Zone');
    drawing = addShape(drawing, 'line', 'Line');
    expect(drawing.shapes.map((shape) => shape.id)).toEqual(['zone-1', 'zone-2', 'line-1']);
  });
});

it('arrow keys move a corner, further with shift', () => {
  expect(step('ArrowLeft', false)).toEqual([-0.005, 0]);
  expect(step('ArrowDown', true)).toEqual([0, 0.05]);
  expect(step('a', false)).toBeUndefined();
});
