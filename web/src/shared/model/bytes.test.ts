import { expect, it } from 'vitest';
import { formatBytes } from './bytes';

it('sizes are in the words of the language', () => {
  expect(formatBytes(999, 'en')).toBe('999 byte');
  expect(formatBytes(1_000, 'en')).toBe('1 kB');
  expect(formatBytes(1_540_000, 'en')).toBe('1.5 MB');
  expect(formatBytes(1_540_000, 'de')).toBe('1,5 MB');
  expect(formatBytes(20_000_000_000, 'en')).toBe('20 GB');
});
