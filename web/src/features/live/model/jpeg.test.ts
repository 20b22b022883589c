import { afterEach, expect, it, vi } from 'vitest';
import { decodedSize, decodeJpeg } from './jpeg';

afterEach(() => vi.unstubAllGlobals());

it('a picture is decoded as large as it is seen, and never larger than it is', () => {
  const picture = { width: 640, height: 480 };
  expect(decodedSize(picture, 219.4)).toEqual({ width: 220, height: 165 });
  expect(decodedSize(picture, 640)).toBeUndefined();
  expect(decodedSize(picture, 1900)).toBeUndefined();
  expect(decodedSize(picture, undefined)).toBeUndefined();
});

it('the decoder is closed also when the bytes are no picture', async () => {
  const close = vi.fn();
  vi.stubGlobal(
    'ImageDecoder',
    class {
      decode = () => Promise.reject(new Error('no picture'));
      close = close;
    },
  );
  await expect(decodeJpeg(new Uint8Array(8), 'image/jpeg', undefined)).rejects.toThrow('no picture');
  expect(close).toHaveBeenCalledOnce();
});

it('a page that has no decoder of pictures asks for a bitmap of the same size', async () => {
  const bitmap = vi.fn(async (_jpeg: Blob, _options: ImageBitmapOptions) => 'bitmap');
  vi.stubGlobal('createImageBitmap', bitmap);
  expect(await decodeJpeg(new Uint8Array(8), 'image/jpeg', { width: 220, height: 165 })).toBe('bitmap');
  expect(bitmap.mock.calls[0]?.[0].type).toBe('image/jpeg');
  expect(bitmap.mock.calls[0]?.[1]).toEqual({ resizeWidth: 220, resizeHeight: 165 });
});
