import { expect, it } from 'vitest';
import { withChosen } from './choices';

const any = { value: '', label: 'Any' };

it('a filter that is on is shown, also when nobody knows its name', () => {
  const known = { value: 'zone crossing', label: 'Crossing' };
  expect(withChosen([any, known], 'zone crossing', 'crossing')).toEqual([any, known]);
  expect(withChosen([any], 'zone crossing', 'crossing')).toEqual([any, { value: 'zone crossing', label: 'crossing' }]);
  expect(withChosen([any], '')).toEqual([any]);
});
