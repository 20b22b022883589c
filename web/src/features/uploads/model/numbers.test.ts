import { expect, it } from 'vitest';
import { numbersOf } from './numbers';

it('road users have numbers in the order in which they came', () => {
  const at = (second: number) => `2026-11-02T07:00:0${second}Z`;
  const numbers = numbersOf([
    { id: 'cam.17.45057', first_seen: at(3) },
    { id: 'cam.17.10', first_seen: at(1) },
    { id: 'cam.17.9', first_seen: at(1) },
  ]);
  expect([...numbers]).toEqual([
    ['cam.17.9', 1],
    ['cam.17.10', 2],
    ['cam.17.45057', 3],
  ]);
});
