import { expect, it } from 'vitest';
import { scaled } from './overlay';

const picture = { width: 768, height: 576 };

it('a canvas has the pixels that are seen, and at most those of the picture', () => {
  expect(scaled(picture, 256, 1)).toMatchObject({ width: 256, height: 192 });
  expect(scaled(picture, 256, 2)).toMatchObject({ width: 512, height: 384 });
  expect(scaled(picture, 1900, 1)).toMatchObject(picture);
});

it('names on a picture can be read on a small tile and do not fill a large one', () => {
  // Letters are 11 units high.
  const letters = (across: number, density: number) => {
    const { width, unit } = scaled(picture, across, density);
    return (11 * unit * across) / width;
  };
  expect(letters(220, 1)).toBeCloseTo(8.8);
  expect(letters(480, 1)).toBeCloseTo(11);
  expect(letters(480, 2)).toBeCloseTo(11);
  expect(letters(990, 1)).toBeCloseTo(15.8, 1);
  expect(letters(3800, 1)).toBeCloseTo(22);
});

it('a canvas of unknown size has the pixels of the picture', () => {
  expect(scaled(picture, undefined, 1)).toEqual({ ...picture, unit: 1.6 });
});
