import { describe, expect, it } from 'vitest';
import { placeLabels } from './labels';

const PICTURE = { width: 400, height: 300 };
const box = (left: number, top: number) => ({ left, top, width: 20, height: 60 });
const place = (...boxes: { left: number; top: number }[]) =>
  placeLabels(
    boxes.map(({ left, top }) => ({ box: box(left, top), width: 80 })),
    15,
    PICTURE,
  );

describe('the name of a box', () => {
  it('stands above it, and in the picture', () => {
    expect(place(box(100, 100))).toEqual([{ x: 100, y: 85 }]);
    expect(place(box(390, 100))).toEqual([{ x: 320, y: 85 }]);
    expect(place(box(100, 5))).toEqual([{ x: 100, y: 65 }]);
    expect(place(box(-10, 250))).toEqual([{ x: 0, y: 235 }]);
  });

  it('covers no other name', () => {
    const places = place(box(100, 100), box(130, 100), box(160, 102), box(190, 98));
    const found = places.filter((one) => one !== undefined);
    expect(found.length).toBeGreaterThan(2);
    for (const [at, one] of found.entries()) {
      for (const other of found.slice(at + 1)) {
        expect(Math.abs(one.x - other.x) >= 80 || Math.abs(one.y - other.y) >= 15).toBe(true);
      }
    }
  });

  it('is left out where no place is free', () => {
    const crowd = place(...Array.from({ length: 12 }, () => box(100, 100)));
    expect(crowd.filter((one) => one === undefined).length).toBeGreaterThan(5);
  });
});
