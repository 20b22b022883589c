import { expect, it } from 'vitest';
import { beyondDateLine, graticule } from './ground';

it('the grid is as fine as what is shown', () => {
  const { coordinates } = graticule([9.9, 53.5, 10.1, 53.6]).geometry;
  const meridians = coordinates.map(([from]) => from?.[0] ?? 0).filter((longitude) => longitude > 9.9);
  expect(meridians[0]).toBeCloseTo(9.92);
  expect(coordinates.length).toBeLessThan(40);
  expect(graticule([-180, -85, 180, 85]).geometry.coordinates.length).toBeLessThan(40);
});

it('a coast that crosses the date line does not go back around the world', () => {
  const ring = [
    [170, 60],
    [179, 65],
    [-179, 66],
    [-170, 60],
    [170, 60],
  ];
  expect(beyondDateLine({ type: 'MultiPolygon', coordinates: [[ring]] })).toEqual({
    type: 'MultiPolygon',
    coordinates: [
      [
        [
          [170, 60],
          [179, 65],
          [181, 66],
          [190, 60],
          [170, 60],
        ],
      ],
    ],
  });
});
