import { decodedSize, decodeJpeg } from './jpeg';
import { H264, type LiveHead, type LivePicture, micros } from './message';
import { type Decoded, UnitDecoder } from './units';
import { upright } from './upright';

/** A picture that goes with its own head. It is valid only during the call that gets it. */
export interface Shown {
  image: CanvasImageSource;
  width: number;
  height: number;
  head: LiveHead;
  arrived: number;
}

/** Somebody who shows the pictures of a camera. */
export interface Viewer {
  show(shown: Shown): void;
  /** How many pixels of the screen a picture takes; `undefined`: not known yet. */
  across(): number | undefined;
}

interface Waiting {
  image: ImageBitmap | VideoFrame;
  head: LiveHead;
  arrived: number;
}

/** Pictures that nobody analysed are shown when none was analysed for so long: boxes that come and go with every picture would flicker. */
const WITHOUT_ANALYSIS_US = 2_000_000;

interface Browser {
  decoder(init: VideoDecoderInit): VideoDecoder;
  jpeg: typeof decodeJpeg;
  frame(callback: () => void): void;
}

const browser: Browser = {
  decoder: (init) => new VideoDecoder(init),
  jpeg: decodeJpeg,
  frame: (callback) => void requestAnimationFrame(callback),
};

/** The pictures of one camera, decoded once for all who show it. Of those that come faster than the screen is drawn, the newest is shown. */
export class CameraStream {
  readonly viewers = new Set<Viewer>();
  readonly #failed: (reason: string) => void;
  readonly #browser: Browser;
  #units: UnitDecoder | undefined;
  #jpeg: { picture: LivePicture; arrived: number } | undefined;
  #decoding = false;
  #waiting: Waiting | undefined;
  #asked = false;
  #shown: { session: string; at: number } | undefined;
  #analysed: { session: string; at: number } | undefined;
  #ended = false;

  /** `failed`: this browser does not decode the camera's access units. */
  constructor(failed: (reason: string) => void, through: Browser = browser) {
    this.#failed = failed;
    this.#browser = through;
  }

  receive(picture: LivePicture, arrived: number): void {
    if (picture.head.picture?.type === H264) {
      this.#jpeg = undefined;
      this.#units ??= new UnitDecoder(
        { picture: (decoded) => this.#decoded(decoded), failure: this.#failed },
        this.#browser.decoder,
      );
      this.#units.push(picture, arrived);
    } else if (picture.head.picture) {
      this.#units?.close();
      this.#units = undefined;
      this.#jpeg = { picture, arrived };
      void this.#decodeJpegs();
    }
  }

  close(): void {
    this.#ended = true;
    this.#units?.close();
    this.#waiting?.image.close();
    this.#waiting = undefined;
  }

  #decoded({ frame, head, arrived }: Decoded): void {
    const { session } = head;
    const at = micros(head.captured_at);
    if (head.objects) this.#analysed = { session, at };
    else if (this.#analysed?.session === session && at - this.#analysed.at < WITHOUT_ANALYSIS_US) {
      frame.close();
      return;
    }
    this.#offer({ image: frame, head, arrived });
  }

  /** One at a time; of those that come meanwhile, the newest is next. */
  async #decodeJpegs(): Promise<void> {
    if (this.#decoding) return;
    this.#decoding = true;
    while (this.#jpeg && !this.#ended) {
      const { picture, arrived } = this.#jpeg;
      this.#jpeg = undefined;
      try {
        const type = picture.head.picture?.type ?? '';
        const image = await this.#browser.jpeg(picture.bytes, type, this.#size(picture));
        this.#offer({ image, head: picture.head, arrived });
      } catch {
        // Not a picture: the age says that none is shown.
      }
    }
    this.#decoding = false;
  }

  /** As large as the largest of those who show it needs it. */
  #size({ head: { picture } }: LivePicture) {
    const seen = [...this.viewers].map((viewer) => viewer.across());
    if (!picture || seen.includes(undefined)) return undefined;
    return decodedSize(picture, Math.max(...seen.map(Number)));
  }

  #offer(picture: Waiting): void {
    const at = micros(picture.head.captured_at);
    const isOld = this.#shown?.session === picture.head.session && at <= this.#shown.at;
    if (this.#ended || isOld) {
      picture.image.close();
      return;
    }
    this.#shown = { session: picture.head.session, at };
    this.#waiting?.image.close();
    this.#waiting = picture;
    if (this.#asked) return;
    this.#asked = true;
    this.#browser.frame(() => {
      this.#asked = false;
      this.#show();
    });
  }

  #show(): void {
    if (!this.#waiting) return;
    const { image, head, arrived } = this.#waiting;
    this.#waiting = undefined;
    try {
      const { source, picture } = head;
      const shown =
        picture?.type === H264
          ? upright(image, source, picture.turn)
          : { image, width: picture?.width ?? source.width, height: picture?.height ?? source.height };
      for (const viewer of this.viewers) viewer.show({ ...shown, head, arrived });
    } finally {
      image.close();
    }
  }
}
