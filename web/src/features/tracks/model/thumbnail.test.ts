import { expect, it } from 'vitest';
import { ApiError, type Schemas } from '@/shared/api/client';
import { type Box, crop, inFrame, placed, thumbnail } from './thumbnail';

const stored: Schemas['ShownTrack'] = {
  track_id: 'a',
  state: 'stored',
  url: '/picture',
  expires_at: '2027-01-31T07:00:00Z',
};
const track = { has_snapshot: true };
const answer = (data: Schemas['ShownTrack'] | undefined, error: unknown = null) => ({ data, error });

it('each reason for which there is no picture is told', () => {
  const error = (status: number, code: string) => new ApiError(status, { code });
  expect(thumbnail({ has_snapshot: false }, answer(undefined), false).kind).toBe('none');
  expect(thumbnail(track, answer(undefined), false).kind).toBe('loading');
  expect(thumbnail(track, answer(stored), false)).toEqual({ kind: 'picture', url: '/picture', box: undefined });
  expect(thumbnail(track, answer(stored), true).kind).toBe('failed');
  expect(thumbnail(track, answer({ track_id: 'a', state: 'missing' }), false).kind).toBe('gone');
  expect(thumbnail(track, answer({ track_id: 'a', state: 'not_found' }), false).kind).toBe('gone');
  expect(thumbnail(track, answer({ track_id: 'a', state: 'none' }), false).kind).toBe('none');
  expect(thumbnail(track, answer(undefined, error(403, 'forbidden')), false).kind).toBe('denied');
  expect(thumbnail(track, answer(undefined, error(404, 'pictures_not_configured')), false).kind).toBe('none');
  expect(thumbnail(track, answer(undefined, error(503, 'pictures_unavailable')), false).kind).toBe('failed');
  // The last picture stays while the server is away.
  expect(thumbnail(track, answer(stored, error(0, 'offline')), false).kind).toBe('picture');
});

const FRAME = 4 / 3;
const close = (value: number, wanted: number) => expect(Math.abs(value - wanted)).toBeLessThan(1e-9);

it.each([
  ['a person far away', { left: 0.6, top: 0.4, width: 0.02, height: 0.1 }],
  ['a person near by', { left: 0.1, top: 0.1, width: 0.2, height: 0.8 }],
  ['a bus across the picture', { left: 0, top: 0.2, width: 1, height: 0.6 }],
  ['somebody at the edge', { left: 0.95, top: 0.9, width: 0.1, height: 0.2 }],
] satisfies [string, Box][])('%s is in the part that is shown, which is not stretched', (_, box) => {
  for (const ratio of [16 / 9, 4 / 3, 9 / 16]) {
    const part = crop(box, ratio, FRAME);
    close((part.width * ratio) / part.height, FRAME);
    expect(part.left).toBeGreaterThanOrEqual(0);
    expect(part.top).toBeGreaterThanOrEqual(0);
    expect(part.left + part.width).toBeLessThanOrEqual(1 + 1e-9);
    expect(part.top + part.height).toBeLessThanOrEqual(1 + 1e-9);
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    expect(x >= part.left && x <= part.left + part.width).toBe(true);
    expect(y >= part.top && y <= part.top + part.height).toBe(true);
  }
});

it('a person is large enough to be seen, and has street around', () => {
  const box = { left: 0.5, top: 0.5, width: 0.04, height: 0.2 };
  const part = crop(box, 16 / 9, FRAME);
  const share = box.height / part.height;
  expect(share).toBeGreaterThan(0.5);
  expect(share).toBeLessThan(0.7);
});

it('without a box the middle of the picture is shown, as large as it goes', () => {
  expect(crop(undefined, 4 / 3, FRAME)).toEqual({ left: 0, top: 0, width: 1, height: 1 });
  const part = crop(undefined, 16 / 9, FRAME);
  close(part.height, 1);
  close(part.left, (1 - part.width) / 2);
});

it('the picture is moved and scaled so that the part fills the frame', () => {
  const part = { left: 0.25, top: 0.5, width: 0.5, height: 0.25 };
  expect(placed(part)).toEqual({ left: '-50.000%', top: '-200.000%', width: '200.000%', height: '400.000%' });
  expect(inFrame({ left: 0.5, top: 0.5, width: 0.25, height: 0.125 }, part)).toEqual({
    left: '50.000%',
    top: '0.000%',
    width: '50.000%',
    height: '50.000%',
  });
});
