import { parse, type Rendition } from './message';
import { CameraStream, type Viewer } from './stream';
import { decodesH264 } from './support';
import { backOff, Wishes } from './wishes';

/** The live feed of this page: one connection for all cameras, which is there while somebody watches. */
class LiveFeed {
  readonly #wishes = new Wishes();
  readonly #streams = new Map<string, CameraStream>();
  #decodes = false;
  /** Cameras whose access units could not be decoded: they come as JPEGs until the page is loaded again. */
  readonly #undecodable = new Set<string>();
  #socket: WebSocket | undefined;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #said: string | undefined;
  #asked = false;

  constructor() {
    void decodesH264().then((decodes) => {
      this.#decodes = decodes;
      this.#changed();
    });
  }

  /** Returns what ends it. The viewer gets pictures in an animation frame. */
  watch(camera: string, rendition: Rendition, viewer: Viewer): () => void {
    const wish = this.#wishes.add(camera, rendition);
    const stream = this.#streams.get(camera) ?? new CameraStream(() => this.#cannotDecode(camera));
    stream.viewers.add(viewer);
    this.#streams.set(camera, stream);
    this.#changed();
    return () => {
      this.#wishes.remove(wish);
      stream.viewers.delete(viewer);
      this.#changed();
    };
  }

  #cannotDecode(camera: string): void {
    this.#undecodable.add(camera);
    this.#changed();
  }

  /** Tiles come and go together: what they want is said once. */
  #changed(): void {
    if (this.#asked) return;
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
      for (const [camera, stream] of this.#streams) {
        if (stream.viewers.size > 0) continue;
        stream.close();
        this.#streams.delete(camera);
      }
      if (this.#wishes.isEmpty) this.#close();
      else if (this.#socket) this.#say();
      else if (!this.#timer) this.#open();
    });
  }

  #open(): void {
    const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${window.location.host}/api/v1/live/feed`);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#say();
    socket.onmessage = ({ data }) => {
      this.#failures = 0;
      const arrived = performance.now();
      const picture = data instanceof ArrayBuffer ? parse(data) : undefined;
      if (picture) this.#streams.get(picture.head.camera_id)?.receive(picture, arrived);
    };
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#said = undefined;
      const pause = backOff(this.#failures, Math.random());
      this.#failures += 1;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        if (!this.#wishes.isEmpty) this.#open();
      }, pause);
    };
    this.#socket = socket;
  }

  #say(): void {
    const message = this.#wishes.message((camera) => this.#decodes && !this.#undecodable.has(camera));
    if (this.#socket?.readyState !== WebSocket.OPEN || message === this.#said) return;
    this.#said = message;
    this.#socket.send(message);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#said = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    // Closing one that is still connecting is reported as an error by browsers.
    if (socket?.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket?.close();
  }
}

/** The one of this page. */
export const feed = new LiveFeed();
