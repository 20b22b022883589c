import { expect, it } from 'vitest';
import { pageAfter } from './places';

it('goes back to the page that somebody wanted, and to no other site', () => {
  expect(pageAfter('/sites/a/alerts?state=new')).toBe('/sites/a/alerts?state=new');
  for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example', '/sign-in?to=/', undefined, 3]) {
    expect(pageAfter(to)).toBe('/');
  }
});
