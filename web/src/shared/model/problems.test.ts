import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { ApiError } from '../api/client';
import { de } from '../i18n/de';
import { en } from '../i18n/en';
import { i18n, type Text } from '../i18n/i18n';
import { problemText } from './problems';

const t: Text = (id, values) => i18n._(id, values);
i18n.load('de', de);
afterEach(() => i18n.activate('en'));

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

it('every code of the API has a text, and no text is of a code that is gone', () => {
  const document = JSON.parse(readFileSync(new URL('../../../../api/openapi.json', import.meta.url), 'utf8'));
  const codes: string[] = document.components.schemas.Problem.properties.code.anyOf[0].enum;
  expect(codes).toContain('not_found');
  const texts = Object.keys(en).filter((id) => id.startsWith('problem.'));
  expect(texts.sort()).toEqual(codes.map((code) => `problem.${code}`).sort());
  // The other languages have the same texts: types hold it.
});

it('a failure is told in the language of the page', () => {
  const denied = new ApiError(403, { code: 'user_disabled', detail: 'an admin has disabled your account here' });
  expect(problemText(denied, t).detail).toBe(en['problem.user_disabled']);
  i18n.activate('de');
  expect(problemText(denied, t)).toEqual({ title: de['error.denied'], detail: de['problem.user_disabled'] });
});

it('names the field that is wrong', () => {
  const detail = (field: string) => problemText(new ApiError(400, { detail: 'is empty', field }), t).detail;
  expect(detail('settings.name')).toBe('Name: is empty');
  expect(detail('drawn.lines')).toBe('drawn.lines: is empty');
});

it('names the field that is wrong, as the form does', () => {
  const wrong = (field: string) => new ApiError(422, { code: 'invalid_field', detail: 'is empty', field });
  expect(problemText(wrong('settings.name'), t).detail).toBe('Name: is empty');
  expect(problemText(wrong('drawn.lines'), t).detail).toBe('drawn.lines: is empty');
  i18n.activate('de');
  expect(problemText(wrong('time_zone'), t)).toEqual({
    title: de['error.refused'],
    detail: `Zeitzone: ${de['problem.invalid_field']}`,
    technical: 'is empty',
  });
});

it('a code that is newer than the page is told in the words of the server', () => {
  const newer = new ApiError(409, { code: 'newer_than_this', detail: 'the moon is in the way' });
  expect(problemText(newer, t).detail).toBe('the moon is in the way');
  i18n.activate('de');
  expect(problemText(newer, t)).toMatchObject({ detail: de['error.server-says'], technical: 'the moon is in the way' });
});

it('what did not come from the server is told by its status', () => {
  expect(problemText(new ApiError(404, {}), t).detail).toBe(en['problem.not_found']);
});

it('says how long to wait', () => {
  expect(problemText(new ApiError(429, {}, 7), t).detail).toContain('7');
  expect(problemText(new ApiError(429, { code: 'log_in_blocked' }, 7), t).detail).toContain('7');
});
