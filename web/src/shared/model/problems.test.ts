import { expect, it } from 'vitest';
import { ApiError } from '../api/client';
import { en } from '../i18n/en';
import { i18n, type Text } from '../i18n/i18n';
import { problemText } from './problems';

const t: Text = (id, values) => i18n._(id, values);

it.each([
  [0, en['error.offline']],
  [403, en['error.denied']],
  [404, en['error.not-found']],
  [412, en['error.changed']],
  [503, en['error.server']],
  [400, en['error.refused']],
])('status %i has a title of its own', (status, title) => {
  expect(problemText(new ApiError(status, { detail: 'x' }), t).title).toBe(title);
});

it('names the field that is wrong', () => {
  const detail = (field: string) => problemText(new ApiError(400, { detail: 'is empty', field }), t).detail;
  expect(detail('settings.name')).toBe('Name: is empty');
  expect(detail('drawn.lines')).toBe('drawn.lines: is empty');
});

it('says how long to wait', () => {
  expect(problemText(new ApiError(429, {}, 7), t).detail).toContain('7');
});
