import { describe, expect, it } from 'vitest';
import { Ages } from './age';
import { micros, parse } from './message';
import { backOff, Wishes } from './wishes';

function message(head: string, picture: number[], length = new TextEncoder().encode(head).length): ArrayBuffer {
  const text = new TextEncoder().encode(head);
  const bytes = new Uint8Array(4 + text.length + picture.length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes.set(text, 4);
  bytes.set(picture, 4 + text.length);
  return bytes.buffer;
}

describe('a message', () => {
  it('is a head and a picture', () => {
    const found = parse(message('{"camera_id":"gäte","objects":null}', [255, 216]));
    expect(found?.head.camera_id).toBe('gäte');
    expect([...(found?.bytes ?? [])]).toEqual([255, 216]);
  });

  it('that is cut off or no JSON is none', () => {
    expect(parse(new ArrayBuffer(3))).toBeUndefined();
    expect(parse(message('{}', [], 100))).toBeUndefined();
    expect(parse(message('{"a"', []))).toBeUndefined();
  });
});

it('a time of capture is read to the microsecond', () => {
  expect(micros('1970-01-01T00:00:01.04Z')).toBe(1_040_000);
  expect(micros('1970-01-01T00:00:00.000001Z')).toBe(1);
  expect(micros('2027-01-31T07:00:00Z')).toBe(Date.parse('2027-01-31T07:00:00Z') * 1000);
});

describe('the age of a picture', () => {
  it('does not depend on the clocks', () => {
    const ages = new Ages();
    expect(ages.at(0)).toBeUndefined();
    ages.add(1_000, 5_000_000);
    expect(ages.at(1_250)).toBe(250);
  });

  it('grows when pictures come late, although they come', () => {
    const ages = new Ages();
    ages.add(1_000, 5_000);
    ages.add(5_000, 6_000);
    expect(ages.at(5_100)).toBe(3_100);
  });
});

describe('what is watched', () => {
  it('is each camera once, in the largest form', () => {
    const wishes = new Wishes();
    wishes.add('a', 'tile');
    const full = wishes.add('a', 'full');
    wishes.add('b', 'tile');
    expect(JSON.parse(wishes.message(() => false))).toEqual({
      watch: [
        { camera_id: 'a', rendition: 'full' },
        { camera_id: 'b', rendition: 'tile' },
      ],
    });
    // Whoever decodes H.264 gets it in place of large pictures, not of tiles.
    expect(JSON.parse(wishes.message(() => true)).watch).toEqual([
      { camera_id: 'a', rendition: 'h264' },
      { camera_id: 'b', rendition: 'tile' },
    ]);
    wishes.remove(full);
    expect(JSON.parse(wishes.message(() => false)).watch[0]).toEqual({ camera_id: 'a', rendition: 'tile' });
    expect(wishes.isEmpty).toBe(false);
  });
});

it('pauses grow to some seconds and differ between pages', () => {
  expect(backOff(0, 1)).toBe(500);
  expect(backOff(0, 0)).toBe(250);
  expect(backOff(50, 1)).toBe(10_000);
});
