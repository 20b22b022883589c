import { expect, it } from 'vitest';
import { legendLines } from './chart';

it('names that do not fit beside each other take more lines', () => {
  const names = ['Pedestrian', 'Cyclist', 'Motorcyclist', 'Car', 'Bus', 'Truck'];
  expect(legendLines(names, 1000)).toBe(1);
  expect(legendLines(names, 300)).toBe(3);
  expect(legendLines([], 300)).toBe(0);
});
