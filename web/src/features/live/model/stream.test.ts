import { describe, expect, it, vi } from 'vitest';
import type { LiveHead, LivePicture } from './message';
import { CameraStream } from './stream';
import { before } from './upright';

/** A decoder that gives pictures when the test says so, each with the time stamp of its unit. */
class Decoder {
  state = 'unconfigured';
  configured: VideoDecoderConfig[] = [];
  chunks: { type: string; timestamp: number }[] = [];
  readonly init: VideoDecoderInit;
  constructor(init: VideoDecoderInit) {
    this.init = init;
  }
  configure(config: VideoDecoderConfig) {
    this.state = 'configured';
    this.configured.push(config);
  }
  reset() {
    this.chunks = [];
  }
  decode(chunk: { type: string; timestamp: number }) {
    this.chunks.push(chunk);
  }
  close() {
    this.state = 'closed';
  }
}

vi.stubGlobal(
  'EncodedVideoChunk',
  class {
    constructor(init: object) {
      Object.assign(this, init);
    }
  },
);

function watching() {
  const decoders: Decoder[] = [];
  const failures: string[] = [];
  const shown: { image: unknown; head: LiveHead }[] = [];
  let frame: (() => void) | undefined;
  const images: { closed: number }[] = [];
  const sizes: (number | undefined)[] = [];
  const stream = new CameraStream((reason) => failures.push(reason), {
    decoder: (init) => {
      const decoder = new Decoder(init);
      decoders.push(decoder);
      return decoder as unknown as VideoDecoder;
    },
    jpeg: async (_bytes, _type, size) => {
      sizes.push(size?.width);
      return image() as unknown as ImageBitmap;
    },
    frame: (callback) => {
      frame = callback;
    },
  });
  function image(timestamp = 0) {
    const made = { timestamp, closed: 0, close: () => (made.closed += 1) };
    images.push(made);
    return made;
  }
  const seen: { across: number | undefined } = { across: undefined };
  stream.viewers.add({
    show({ image: drawn, head }) {
      expect((drawn as unknown as { closed: number }).closed).toBe(0);
      shown.push({ image: drawn, head });
    },
    across: () => seen.across,
  });
  return {
    stream,
    decoders,
    failures,
    images,
    seen,
    /** How wide each JPEG was decoded; `undefined`: as it was. */
    sizes,
    /** Sequences of what is shown. */
    sequences: () => shown.map(({ head }) => head.sequence),
    /** The decoder gives the picture of the unit that it got in this place. */
    output(place: number, moved = 0) {
      const decoder = decoders.at(-1);
      const timestamp = (decoder?.chunks[place]?.timestamp ?? Number.NaN) + moved;
      decoder?.init.output(image(timestamp) as unknown as VideoFrame);
    },
    /** An animation frame. */
    draw() {
      const callback = frame;
      frame = undefined;
      callback?.();
    },
  };
}

interface Unit {
  key?: boolean;
  at?: number;
  analysed?: boolean;
  earlier?: boolean;
  codec?: string;
  session?: string;
}

/** Ten pictures a second. */
function unit(sequence: number, options: Unit = {}): LivePicture {
  const { key = false, at = sequence, analysed = true, earlier, codec = 'avc1.64001f', session = '1' } = options;
  const head: LiveHead = {
    camera_id: 'gate',
    session,
    sequence,
    captured_at: new Date(1_800_000_000_000 + at * 100).toISOString(),
    rendition: 'h264',
    source: { width: 768, height: 576 },
    picture: { type: 'video/h264', width: 768, height: 576, codec, key_frame: key, earlier },
    objects: analysed ? [] : null,
  };
  return { head, bytes: new Uint8Array(8) };
}

const jpeg = (sequence: number, at = sequence): LivePicture => {
  const { head, bytes } = unit(sequence, { at });
  return { head: { ...head, rendition: 'full', picture: { type: 'image/jpeg', width: 768, height: 576 } }, bytes };
};

describe('a decoded picture', () => {
  it('goes with the head of its own unit when the decoder reorders', () => {
    const view = watching();
    // Decoded in this order, shown as 0, 2, 1, 3.
    view.stream.receive(unit(0, { key: true, at: 0 }), 0);
    view.stream.receive(unit(1, { at: 2 }), 1);
    view.stream.receive(unit(2, { at: 1 }), 2);
    view.stream.receive(unit(3, { at: 3 }), 3);
    for (const place of [0, 2, 1, 3]) {
      view.output(place);
      view.draw();
    }
    expect(view.sequences()).toEqual([0, 2, 1, 3]);
    expect(view.images.map(({ closed }) => closed)).toEqual([1, 1, 1, 1]);
    // The next group is decoded by a decoder that waits for the order.
    view.stream.receive(unit(4, { key: true, at: 4 }), 4);
    expect(view.decoders[0]?.configured.map(({ optimizeForLatency }) => optimizeForLatency)).toEqual([true, false]);
  });

  it('goes with its own head when the decoder leaves pictures out', () => {
    const view = watching();
    for (let at = 0; at < 6; at += 1) view.stream.receive(unit(at, { key: at === 0 }), at);
    for (const place of [0, 3, 5]) {
      view.output(place);
      view.draw();
    }
    expect(view.sequences()).toEqual([0, 3, 5]);
  });

  it('of which nobody knows the unit is not shown', () => {
    const view = watching();
    view.stream.receive(unit(0, { key: true }), 0);
    view.output(0, 1);
    view.draw();
    expect(view.sequences()).toEqual([]);
    expect(view.images[0]?.closed).toBe(1);
  });

  it('is shown only if it is the newest when the screen is drawn', () => {
    const view = watching();
    for (let at = 0; at < 3; at += 1) view.stream.receive(unit(at, { key: at === 0 }), at);
    for (const place of [0, 1, 2]) view.output(place);
    view.draw();
    expect(view.sequences()).toEqual([2]);
    expect(view.images.map(({ closed }) => closed)).toEqual([1, 1, 1]);
  });

  it('from before the page came is not shown', () => {
    const view = watching();
    view.stream.receive(unit(0, { key: true, earlier: true }), 0);
    view.stream.receive(unit(1), 0);
    view.output(0);
    view.draw();
    view.output(1);
    view.draw();
    expect(view.sequences()).toEqual([1]);
    expect(view.images.map(({ closed }) => closed)).toEqual([1, 1]);
  });

  it('that was not analysed is shown only when none was for two seconds', () => {
    const view = watching();
    for (let at = 0; at < 30; at += 1) {
      view.stream.receive(unit(at, { key: at === 0, analysed: at === 4 }), at);
      view.output(at);
      view.draw();
    }
    expect(view.sequences()).toEqual([0, 1, 2, 3, 4, 24, 25, 26, 27, 28, 29]);
  });
});

describe('a JPEG', () => {
  const jpeg = (sequence: number): LivePicture => {
    const made = unit(sequence);
    return { ...made, head: { ...made.head, picture: { type: 'image/jpeg', width: 640, height: 480 } } };
  };

  it('is decoded as large as the largest tile that shows it, and whole until that is known', async () => {
    const view = watching();
    view.stream.receive(jpeg(0), 0);
    await vi.waitFor(() => expect(view.images).toHaveLength(1));
    view.seen.across = 200;
    view.stream.viewers.add({ show: () => undefined, across: () => 300 });
    view.stream.receive(jpeg(1), 100);
    await vi.waitFor(() => expect(view.images).toHaveLength(2));
    expect(view.sizes).toEqual([undefined, 300]);
    view.draw();
    expect(view.sequences()).toEqual([1]);
    expect(view.images.map(({ closed }) => closed)).toEqual([1, 1]);
  });
});

describe('a stream', () => {
  it('begins at a key frame, also after units are missing', () => {
    const view = watching();
    view.stream.receive(unit(3), 0);
    expect(view.decoders.flatMap(({ chunks }) => chunks)).toEqual([]);
    view.stream.receive(unit(4, { key: true }), 0);
    view.stream.receive(unit(5), 0);
    view.stream.receive(unit(7), 0);
    view.stream.receive(unit(8), 0);
    expect(view.decoders[0]?.chunks.map(({ type }) => type)).toEqual(['key', 'delta']);
    view.stream.receive(unit(9, { key: true }), 0);
    view.output(0);
    view.draw();
    expect(view.sequences()).toEqual([9]);
  });

  it('is decoded anew when its form or its session changes', () => {
    const view = watching();
    view.stream.receive(unit(0, { key: true }), 0);
    view.stream.receive(unit(1, { key: true }), 0);
    view.stream.receive(unit(2, { key: true, codec: 'avc1.42e01e' }), 0);
    view.stream.receive(unit(3, { key: true, codec: 'avc1.42e01e', session: '2' }), 0);
    expect(view.decoders[0]?.configured.map(({ codec }) => codec)).toEqual([
      'avc1.64001f',
      'avc1.42e01e',
      'avc1.42e01e',
    ]);
  });

  it('fails once when the decoder does, and what was in it is not shown', () => {
    const view = watching();
    view.stream.receive(unit(0, { key: true }), 0);
    view.decoders[0]?.init.error(new DOMException('no such codec', 'NotSupportedError'));
    view.stream.receive(unit(1, { key: true }), 0);
    view.output(0);
    view.draw();
    expect(view.failures).toEqual(['no such codec']);
    expect(view.sequences()).toEqual([]);
  });

  it('fails when the decoder gives nothing', () => {
    const view = watching();
    for (let at = 0; at < 60; at += 1) view.stream.receive(unit(at, { key: at === 0 }), at * 100);
    expect(view.failures).toEqual(['it gives no pictures']);
  });

  it('skips to a key frame when the decoder is behind, and fails when it stays so', () => {
    const view = watching();
    let sequence = 0;
    const burst = (count: number) => {
      for (let at = 0; at < count; at += 1) {
        view.stream.receive(unit(sequence, { key: at === 0 }), 0);
        sequence += 1;
      }
    };
    burst(100);
    expect(view.decoders[0]?.chunks).toHaveLength(90);
    expect(view.failures).toEqual([]);
    burst(100);
    burst(100);
    burst(100);
    expect(view.failures).toEqual(['it is too slow']);
  });

  it('turns to JPEGs when the camera does, and never goes back in time', async () => {
    const view = watching();
    view.stream.receive(unit(5, { key: true }), 0);
    view.output(0);
    view.draw();
    view.stream.receive(jpeg(4), 0);
    await new Promise((resolve) => setTimeout(resolve));
    view.stream.receive(jpeg(6), 0);
    await new Promise((resolve) => setTimeout(resolve));
    view.draw();
    expect(view.decoders[0]?.state).toBe('closed');
    expect(view.sequences()).toEqual([5, 6]);
    expect(view.images.map(({ closed }) => closed)).toEqual([1, 1, 1]);
  });

  it('that ends keeps no picture', () => {
    const view = watching();
    view.stream.receive(unit(0, { key: true }), 0);
    view.output(0);
    view.stream.close();
    view.draw();
    expect(view.images.map(({ closed }) => closed)).toEqual([1]);
    expect(view.decoders[0]?.state).toBe('closed');
    expect(view.sequences()).toEqual([]);
  });
});

it('a picture that lies on its side is higher than wide before it is turned', () => {
  const size = { width: 640, height: 480 };
  expect(before(size, { mirrored: true, degrees: 180 })).toEqual(size);
  expect(before(size, { mirrored: false, degrees: 270 })).toEqual({ width: 480, height: 640 });
});
