/** Decodes the access units of one camera (H.264). A decoded picture gets the head of its own unit by the time stamp that both carry, never by
 * their order: decoders reorder pictures, leave some out and keep some back. */
import { type LiveHead, type LivePicture, micros } from './message';

/** Units that may wait for the decoder, besides those from before the page came. More than that, and it skips to the next key frame. */
const MOST_WAITING = 90;
/** So often that may happen; then the page asks for JPEGs. */
const MOST_OVERRUNS = 3;
/** A decoder that gives nothing for so many units and so long does not work. It may keep 16 pictures back to reorder them. */
const SILENT_UNITS = 32;
const SILENT_MS = 5_000;

export interface Decoded {
  frame: VideoFrame;
  head: LiveHead;
  arrived: number;
}

interface Receiver {
  /** Takes the frame, and closes it. */
  picture(decoded: Decoded): void;
  /** Nothing more comes. */
  failure(reason: string): void;
}

export class UnitDecoder {
  readonly #receiver: Receiver;
  readonly #make: (init: VideoDecoderInit) => VideoDecoder;
  #decoder: VideoDecoder | undefined;
  /** The heads of units that are in the decoder, by their time stamps, which count from `#base`. */
  readonly #waiting = new Map<number, { head: LiveHead; arrived: number }>();
  #base = 0;
  #last: { session: string; sequence: number; at: number; codec: string } | undefined;
  #reorders = false;
  #configuredForOrder = false;
  #overruns = 0;
  #unanswered = 0;
  #answered = 0;
  #failed = false;

  constructor(receiver: Receiver, make = (init: VideoDecoderInit) => new VideoDecoder(init)) {
    this.#receiver = receiver;
    this.#make = make;
  }

  push({ head, bytes }: LivePicture, arrived: number): void {
    const { key_frame: isKey = false, codec = '' } = head.picture ?? {};
    const last = this.#last;
    const follows = last?.session === head.session && last.sequence + 1 === head.sequence;
    if (this.#failed || (!isKey && !follows)) {
      // Units are missing: it goes on at the next key frame.
      this.#last = undefined;
      return;
    }
    const at = micros(head.captured_at);
    if (follows && at < last.at) this.#reorders = true;
    if (this.#isSilent(arrived)) this.#fail('it gives no pictures');
    if (this.#isBehind()) {
      this.#overruns += 1;
      this.#last = undefined;
      if (this.#overruns > MOST_OVERRUNS) this.#fail('it is too slow');
      else if (!isKey) return;
    }
    if (this.#failed) return;
    try {
      if (isKey && (this.#last?.codec !== codec || !follows || this.#reorders !== this.#configuredForOrder)) {
        this.#configure(codec, at, arrived);
      }
      let timestamp = at - this.#base;
      while (this.#waiting.has(timestamp)) timestamp += 1;
      this.#waiting.set(timestamp, { head, arrived });
      this.#unanswered += 1;
      this.#decoder?.decode(new EncodedVideoChunk({ type: isKey ? 'key' : 'delta', timestamp, data: bytes }));
      this.#last = { session: head.session, sequence: head.sequence, at, codec };
    } catch (error) {
      this.#fail(String(error));
    }
  }

  close(): void {
    this.#failed = true;
    this.#waiting.clear();
    if (this.#decoder?.state !== 'closed') this.#decoder?.close();
  }

  #configure(codec: string, at: number, arrived: number): void {
    this.#waiting.clear();
    this.#decoder ??= this.#make({
      output: (frame) => this.#output(frame),
      error: (error) => this.#fail(error.message),
    });
    this.#decoder.reset();
    // Without a description the units are Annex B, as the server sends them. A decoder that does not reorder pictures gives each at once.
    this.#decoder.configure({ codec, optimizeForLatency: !this.#reorders });
    this.#configuredForOrder = this.#reorders;
    this.#base = at;
    this.#unanswered = 0;
    this.#answered = arrived;
  }

  #output(frame: VideoFrame): void {
    const own = this.#waiting.get(frame.timestamp);
    // They come in the order in which they are shown: what is older was left out.
    for (const timestamp of this.#waiting.keys()) if (timestamp <= frame.timestamp) this.#waiting.delete(timestamp);
    this.#unanswered = 0;
    if (!own || own.head.picture?.earlier || this.#failed) frame.close();
    else this.#receiver.picture({ frame, ...own });
    if (own) this.#answered = Math.max(this.#answered, own.arrived);
  }

  #isBehind(): boolean {
    if (this.#waiting.size < MOST_WAITING) return false;
    const live = [...this.#waiting.values()].filter(({ head }) => !head.picture?.earlier);
    return live.length >= MOST_WAITING;
  }

  #isSilent(now: number): boolean {
    return this.#unanswered > SILENT_UNITS && now - this.#answered > SILENT_MS;
  }

  #fail(reason: string): void {
    if (this.#failed) return;
    this.close();
    this.#receiver.failure(reason);
  }
}
