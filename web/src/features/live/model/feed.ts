import { type LivePicture, parse, type Rendition } from './message';
import { backOff, Wishes } from './wishes';

type Listener = (picture: LivePicture, arrived: number) => void;

/** The live feed of this page: one connection for all cameras, which is there while somebody watches. */
class LiveFeed {
  readonly #wishes = new Wishes();
  readonly #listeners = new Map<string, Set<Listener>>();
  #socket: WebSocket | undefined;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #said: string | undefined;
  #asked = false;

  /** Returns what ends it. */
  watch(camera: string, rendition: Rendition, listener: Listener): () => void {
    const viewer = this.#wishes.add(camera, rendition);
    const listeners = this.#listeners.get(camera) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(camera, listeners);
    this.#changed();
    return () => {
      this.#wishes.remove(viewer);
      listeners.delete(listener);
      this.#changed();
    };
  }

  /** Tiles come and go together: what they want is said once. */
  #changed(): void {
    if (this.#asked) return;
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
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
      if (!picture) return;
      for (const listener of this.#listeners.get(picture.head.camera_id) ?? []) listener(picture, arrived);
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
    const message = this.#wishes.message();
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
