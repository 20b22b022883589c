import { expect, it } from 'vitest';
import { onWall, wallSearch } from './wall';

const cameras = Array.from({ length: 20 }, (_, number) => ({ id: `c${number}` }));

it('a wall has at most sixteen cameras, in the order of its address', () => {
  expect(onWall(cameras, undefined)).toHaveLength(16);
  expect(onWall(cameras, ['c3', 'gone', 'c1']).map((camera) => camera.id)).toEqual(['c3', 'c1']);
  expect(wallSearch({ cameras: 'c3' })).toEqual({ cameras: ['c3'] });
  expect(wallSearch({ cameras: ['a', 'a', 7] })).toEqual({ cameras: ['a'] });
  expect(wallSearch({ cameras: cameras.map((camera) => camera.id) }).cameras).toHaveLength(16);
  expect(wallSearch({})).toEqual({});
});
