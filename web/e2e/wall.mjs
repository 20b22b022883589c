// How smooth a wall of sixteen live tiles is, on one core: which share of animation frames the tiles cost.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { launch, open } from './browser.mjs';
import { cpuSeconds, started } from './cpu.mjs';

const TILES = 16;
const RATE = 10;
const SECONDS = 8;
const RECORDED = 30;

/** Real messages of the live feed, as base64. */
function record(page, camera) {
  return page.evaluate(
    ({ camera, count }) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://${location.host}/api/v1/live/feed`);
        const found = [];
        socket.binaryType = 'arraybuffer';
        socket.onopen = () => socket.send(JSON.stringify({ watch: [{ camera_id: camera, rendition: 'tile' }] }));
        socket.onerror = () => reject(new Error('the live feed cannot be opened'));
        socket.onmessage = ({ data }) => {
          // Others say what is watched.
          if (!(data instanceof ArrayBuffer)) return;
          found.push(btoa(Array.from(new Uint8Array(data), (byte) => String.fromCharCode(byte)).join('')));
          if (found.length === count) {
            socket.close();
            resolve(found);
          }
        };
      }),
    { camera, count: RECORDED },
  );
}

/** In the page: the feed gives the recorded pictures to every tile, so many times a second, as if they were of now. */
function replay({ messages, tiles, rate }) {
  const pictures = messages.map((text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const length = new DataView(bytes.buffer).getUint32(0);
    return {
      head: JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))),
      body: bytes.subarray(4 + length),
    };
  });
  const message = (picture, camera) => {
    const head = { ...picture.head, camera_id: camera, captured_at: new Date().toISOString() };
    const text = new TextEncoder().encode(JSON.stringify(head));
    const bytes = new Uint8Array(4 + text.length + picture.body.length);
    new DataView(bytes.buffer).setUint32(0, text.length);
    bytes.set(text, 4);
    bytes.set(picture.body, 4 + text.length);
    return bytes.buffer;
  };
  window.WebSocket = class {
    static OPEN = 1;
    static CONNECTING = 0;
    readyState = 1;
    constructor() {
      setTimeout(() => this.onopen());
      let at = 0;
      // Tiles take turns, as pictures of sixteen cameras do.
      this.timer = setInterval(
        () => {
          at += 1;
          this.onmessage({ data: message(pictures[Math.floor(at / tiles) % pictures.length], `tile-${at % tiles}`) });
        },
        1000 / (rate * tiles),
      );
    }
    send() {}
    close() {
      clearInterval(this.timer);
    }
  };
}

/** In the page: animation frames and drawn pictures a second. */
function count(seconds) {
  return new Promise((resolve) => {
    let [frames, pictures] = [0, 0];
    const drawn = new MutationObserver((changes) => {
      pictures += changes.length;
    });
    drawn.observe(document.body, { subtree: true, attributeFilter: ['data-captured'] });
    const began = performance.now();
    const step = (now) => {
      frames += 1;
      if (now - began < seconds * 1000) return requestAnimationFrame(step);
      drawn.disconnect();
      const took = (now - began) / 1000;
      resolve({ frames: frames / took, pictures: pictures / took });
    };
    requestAnimationFrame(step);
  });
}

/** Returns what was measured, and what must not happen meanwhile. */
export async function measureWall(page, origin, site) {
  const messages = await record(page, 'cam-1');
  const storageState = await page.context().storageState();
  const camera = await (await page.request.get(`${origin}/api/v1/sites/${site}/cameras/cam-1`)).json();
  const items = Array.from({ length: TILES }, (_, at) => ({ ...camera, id: `tile-${at}` }));
  // The browser inherits the core.
  const pin = (cores) => execFileSync('taskset', ['-acp', cores, String(process.pid)], { stdio: 'ignore' });
  const others = new Set(started());
  pin('0');
  const browser = await launch();
  pin(`0-${cpus().length - 1}`);
  try {
    // All tiles are in view: one that is not pauses.
    const tab = await open(browser, origin, { storageState, viewport: { width: 1280, height: 1200 } });
    await tab.page.route(/\/cameras\?/, (route) => route.fulfill({ json: { items } }));
    await tab.page.addInitScript(replay, { messages, tiles: TILES, rate: RATE });
    await tab.page.goto(`${origin}/account`);
    await tab.page.getByRole('heading', { level: 1 }).waitFor();
    const calm = await tab.page.evaluate(count, SECONDS);
    await tab.page.goto(`${origin}/sites/${site}/wall`);
    await tab.page
      .locator('.wall canvas[data-captured]')
      .nth(TILES - 1)
      .waitFor();
    const own = started().filter((pid) => !others.has(pid));
    const before = cpuSeconds(own);
    const busy = await tab.page.evaluate(count, SECONDS);
    const cpu = cpuSeconds(own) - before;
    const drawn = await tab.page.locator('.wall canvas[data-captured]').count();
    return {
      drawn,
      pictures: busy.pictures,
      /** Of the whole browser. */
      cpuMs: (1000 * cpu) / (busy.pictures * SECONDS),
      dropped: Math.max(0, 1 - busy.frames / calm.frames),
      calm: calm.frames,
      machine: `one core of ${cpus().length} (${cpus()[0].model.trim()}), load ${loadavg()[0].toFixed(1)}, Chromium ${browser.version()}`,
      faults: tab.faults,
    };
  } finally {
    await browser.close();
  }
}
