import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { guidePage, pictureAddress, target } from './guide';

const folder = new URL('../../../../../docs/user-guide/', import.meta.url);
const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));

it('has every page of the guide, with its heading first', () => {
  expect(pages.length).toBeGreaterThan(5);
  for (const page of pages) {
    const [first] = guidePage(page.replace('.md', '')) ?? [];
    expect(first, page).toMatchObject({ type: 'heading', depth: 1 });
  }
  expect(guidePage(undefined)).toEqual(guidePage('README'));
  expect(guidePage('nothing')).toBeUndefined();
});

it('has every picture', () => {
  for (const page of pages) {
    for (const [, picture = ''] of readFileSync(new URL(page, folder), 'utf8').matchAll(/\((pictures\/[^)]+)\)/g)) {
      expect(pictureAddress(picture), `${page}: ${picture}`).toContain('.png');
    }
  }
});

it('leads to pages of its own, and to nothing that the app does not have', () => {
  expect(target('alerts.md')).toEqual({ page: 'alerts' });
  expect(target('README.md')).toEqual({ page: undefined });
  expect(target('../api.md#webhooks')).toEqual({ address: '/docs' });
  expect(target('nothing.md')).toBeUndefined();
  expect(target('../../README.md')).toBeUndefined();
});
