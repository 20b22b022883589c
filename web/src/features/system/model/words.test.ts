import { expect, it } from 'vitest';
import { i18n, type Text } from '@/shared/i18n/i18n';
import { droppedText, stepText } from './words';

const t: Text = (id, values) => i18n._(id, values);

it('steps have names, and groups that somebody named otherwise keep theirs', () => {
  expect(stepText({ name: 'vru-infer', topic: 'vru.frames' }, t)).toBe('Analysis of live pictures');
  expect(stepText({ name: 'vru-infer', topic: 'vru.file-frames' }, t)).toBe('Analysis of uploaded videos');
  expect(stepText({ name: 'vru-infer', topic: 'north.frames' }, t)).toBe('Analysis of pictures');
  expect(stepText({ name: 'north-infer', topic: 'vru.frames' }, t)).toBe('north-infer');
});

it('pictures that were left out say why', () => {
  expect(droppedText({ reason: 'too_old', frames: 1 }, t)).toBe('1 picture left out: too late');
  expect(droppedText({ reason: 'revoked', frames: 7 }, t)).toBe('7 pictures left out: another worker took them over');
  expect(droppedText({ reason: 'moonlight', frames: 2 }, t)).toBe('2 pictures not analysed: moonlight');
});
