import { expect, it } from 'vitest';
import { de } from './de';
import { en, type MessageId } from './en';
import { i18n, regionOf } from './i18n';

const ids = Object.keys(en) as MessageId[];
const names = (text: string) => [...text.matchAll(/\{(\w+)[,}]/g)].map(([, name]) => name).sort();

it('every text has the same values in each language', () => {
  expect(ids.length).toBeGreaterThan(100);
  for (const id of ids) {
    expect(de[id], id).not.toBe('');
    expect(names(de[id]), id).toEqual(names(en[id]));
  }
});

it('numbers have their plural', () => {
  expect(i18n._('alerts.comments' satisfies MessageId, { count: 1 })).toBe('1 comment');
  expect(i18n._('alerts.comments' satisfies MessageId, { count: 2 })).toBe('2 comments');
});

it('German texts are shown when German is chosen', () => {
  i18n.load('de', de);
  i18n.activate('de');
  expect(i18n._('health.silent-minute' satisfies MessageId, { value: 3 })).toBe('Kein Bild seit 3 Minuten');
  i18n.activate('en');
});

it('times are written as in the region that the browser names, if it speaks the language', () => {
  expect(regionOf('en', ['de-CH', 'en-US', 'en-GB'])).toBe('en-US');
  expect(regionOf('en', ['de-DE', 'en'])).toBe('en-GB');
  expect(regionOf('de', ['en-US', 'de-AT'])).toBe('de-AT');
  expect(regionOf('de', ['en-US'])).toBe('de');
});
