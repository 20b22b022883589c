// A camera that sends H.264 which says in its pictures which one each is: the browser decodes it, and each picture is the one that its boxes
// are of. A browser that cannot decode it shows JPEGs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, until } from './asking.mjs';
import { open } from './browser.mjs';
import { boxesAreDrawn } from './playback.mjs';
import { LEVELS, numbered, numberIn } from './truth.mjs';

const PATH = 'numbered';
const LOGIN = { username: 'camera', password: 'a password of a camera' };
/** A whole number of times all numbers, so that they go on when the clip begins again. */
const SECONDS = (LEVELS * 3) / 10;
const PATIENCE_MS = 60_000;

/** In the page: waits for so many pictures, and returns each as PNG, with the frame that the page says it is of. */
function drawn({ count, within }) {
  return new Promise((resolve, reject) => {
    const canvas = document.querySelector('.live canvas');
    const copy = document.createElement('canvas');
    const found = [];
    const late = setTimeout(() => reject(new Error(`${found.length} pictures in ${within} ms`)), within);
    // It is called right after the picture was drawn, before anything else is.
    const observer = new MutationObserver(() => {
      const { frame, type, objects } = canvas.dataset;
      [copy.width, copy.height] = [canvas.width, canvas.height];
      copy.getContext('2d').drawImage(canvas, 0, 0);
      found.push({ frame, type, objects: Number(objects), png: copy.toDataURL('image/png').split(',')[1] });
      if (found.length < count) return;
      clearTimeout(late);
      observer.disconnect();
      resolve(found);
    });
    observer.observe(canvas, { attributeFilter: ['data-frame'] });
  });
}

/** The number in each picture is that of its frame, but for where the camera began to count. */
function sameFrames(pictures) {
  const distances = pictures.map(({ frame, png }) => {
    const number = numberIn(Buffer.from(png, 'base64'));
    return (Number(frame.split('.')[1]) - number + LEVELS) % LEVELS;
  });
  assert.equal(new Set(distances).size, 1, `a picture is not the one of its frame: ${distances}`);
}

/** What the API knows of who was in a frame. */
async function foundIn(page, site, camera, frame) {
  const [session, sequence] = frame.split('.');
  const tracks = (await ask(page, `${site}/tracks?camera_id=${camera}&limit=100`)).items;
  const found = [];
  for (const { id } of tracks.filter(({ id }) => id.startsWith(`${camera}.${session}.`))) {
    const { items } = await ask(page, `${site}/tracks/${encodeURIComponent(id)}/detections?limit=200`);
    found.push(...items.filter((item) => item.sequence === Number(sequence)));
  }
  return found;
}

/** The page stops showing what it knew, and names no error but that the camera is not found. */
async function saysThatItIsGone(page, camera, faults) {
  await page.getByRole('alert').getByText('This does not exist').waitFor({ timeout: PATIENCE_MS });
  await page.locator('.live').waitFor({ state: 'detached' });
  const expected = (fault) => fault.includes('status of 404') && fault.includes(camera);
  const others = faults.filter((fault) => !expected(fault));
  faults.splice(0, faults.length, ...others);
}

/** Ends at the page of a camera that somebody else deleted. */
export async function watchStream({ page, browser, origin, home, faults }, siteId) {
  const site = `${origin}/api/v1/sites/${siteId}`;
  const clip = join(home, 'numbered-stream.mp4');
  const form = { seconds: SECONDS, reordered: 0, group: 24 };
  numbered(join(process.env.VRU_WEB_OUT, '../clips/vtest.avi'), clip, form);
  const log = readFileSync(join(home, 'demo/vru.log'), 'utf8');
  const [, address] = /RTSP server listens addresses=\[([^\],]+)/.exec(log);
  const settings = { name: 'Numbered', push: { path: PATH }, output: { encoding: 'passthrough' } };
  const data = { settings, credentials: LOGIN };
  const { id } = await ask(page, `${site}/cameras`, { method: 'POST', headers: { origin }, data });
  const url = `rtsp://${LOGIN.username}:${encodeURIComponent(LOGIN.password)}@${address}/${PATH}`;
  const send = ['-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-an', '-c', 'copy'];
  let camera;
  let stopped = false;
  const start = () => {
    camera = spawn('ffmpeg', ['-nostdin', ...send, '-f', 'rtsp', '-rtsp_transport', 'tcp', url], { stdio: 'ignore' });
    // Until ingest knows the camera, it refuses it.
    camera.once('exit', () => stopped || setTimeout(() => stopped || start(), 500));
  };
  start();
  try {
    await page.goto(`${site.replace('/api/v1', '')}/cameras/${id}`);
    await page.locator('.live canvas[data-type="video/h264"]').waitFor({ timeout: PATIENCE_MS });
    const pictures = await page.evaluate(drawn, { count: 40, within: PATIENCE_MS });
    assert.deepEqual([...new Set(pictures.map(({ type }) => type))], ['video/h264']);
    sameFrames(pictures);
    const busy = pictures.findLast(({ objects }) => objects > 0);
    assert.ok(busy, 'somebody is in the pictures');
    const objects = await until('what was found is stored', async () => {
      const found = await foundIn(page, site, id, busy.frame);
      return found.length > 0 && found;
    });
    boxesAreDrawn(Buffer.from(busy.png, 'base64'), { sequence: busy.frame, objects });

    // A page that is opened later, and whose decoder refuses the stream.
    const storageState = await page.context().storageState();
    const other = await open(browser, origin, { storageState });
    try {
      await other.page.addInitScript(() => {
        VideoDecoder.prototype.configure = () => {
          throw new DOMException('no such codec', 'NotSupportedError');
        };
      });
      await other.page.goto(page.url());
      await other.page.locator('.live canvas[data-type="image/jpeg"]').waitFor({ timeout: PATIENCE_MS });
      sameFrames(await other.page.evaluate(drawn, { count: 10, within: PATIENCE_MS }));
      faults.push(...other.faults);
    } finally {
      await other.close();
    }
  } finally {
    stopped = true;
    camera.kill('SIGKILL');
    const answer = await page.request.get(`${site}/cameras/${id}`);
    const headers = { origin, 'if-match': answer.headers().etag };
    await page.request.delete(`${site}/cameras/${id}`, { headers });
  }
  await saysThatItIsGone(page, `${site}/cameras/${id}`, faults);
}
