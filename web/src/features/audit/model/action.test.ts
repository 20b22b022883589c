import { expect, it } from 'vitest';
import { i18n, type Text } from '@/shared/i18n/i18n';
import { actionText, pageOf } from './action';

const t: Text = (id, values) => i18n._(id, values);

it('says what happened in words', () => {
  expect(actionText('camera.change', t)).toBe('Camera: changed');
  expect(actionText('alert.see_snapshot', t)).toBe('Alert: picture seen');
  expect(actionText('track.see_snapshots', t)).toBe('Road user: pictures in a list seen');
});

it('shows what it does not know as it is', () => {
  expect(actionText('rocket.launch', t)).toBe('rocket.launch');
  expect(actionText('camera.launch', t)).toBe('camera.launch');
  expect(actionText('camera', t)).toBe('camera');
});

it('leads to what is still there', () => {
  expect(pageOf('camera.change')).toBe('camera');
  expect(pageOf('camera.delete')).toBeUndefined();
  expect(pageOf('key.create')).toBeUndefined();
  expect(pageOf('track.see_snapshot')).toBe('track');
  // Their object is the site.
  expect(pageOf('track.see_snapshots')).toBeUndefined();
  expect(pageOf('track.export')).toBeUndefined();
});
