import { expect, it } from 'vitest';
import { heatCells } from './heat';

it('cells are fractions of the picture, the strongest where somebody was longest', () => {
  const { cells, longest } = heatCells([
    [0, 10],
    [0.01, 1],
  ]);
  expect(longest).toBe(10);
  expect(cells).toHaveLength(2);
  expect(cells[0]).toEqual({ x: 0.5, y: 0, width: 0.5, height: 0.5, strength: 1 });
  expect(cells[1]?.strength).toBeCloseTo(0.5);
});

it('nobody is no cell', () => {
  expect(heatCells([[0, 0]])).toEqual({ cells: [], longest: 0 });
});
