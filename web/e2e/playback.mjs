// Uploads a video that says in its pictures which one each is, and compares each with the boxes that are drawn on it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, until } from './asking.mjs';
import { decode } from './png.mjs';
import { numbered, numberIn, numberOf } from './truth.mjs';

/** The colours of classes, as the app draws them. */
const COLOURS = { pedestrian: [213, 94, 0], cyclist: [0, 114, 178], motorcyclist: [154, 91, 135] };

/** The drawn edges are where the API says that the road users are. */
export function boxesAreDrawn(png, frame) {
  const sure = frame.objects.filter((object) => object.confirmed && COLOURS[object.class]);
  const { width, height, pixels } = decode(png);
  const near = (x, y, [r, g, b]) => {
    for (let dy = -3; dy <= 3; dy += 1) {
      for (let dx = -3; dx <= 3; dx += 1) {
        const pixel = pixels[(y + dy) * width + x + dx] ?? 0;
        const far = Math.abs((pixel >> 16) - r) + Math.abs(((pixel >> 8) & 0xff) - g) + Math.abs((pixel & 0xff) - b);
        if (far < 60) return true;
      }
    }
    return false;
  };
  for (const { box, class: kind } of sure) {
    const [x, y] = [Math.round((box.left + box.width / 2) * width), Math.round((box.top + box.height) * height)];
    if (x < 5 || y < 5 || x > width - 5 || y > height - 5) continue;
    assert.ok(near(x, y, COLOURS[kind]), `no edge of a ${kind} at ${x}, ${y} in picture ${frame.sequence}`);
  }
}

/** Begins at the list of uploads, and ends at the page of one. */
export async function playUpload({ page, origin, home, accessible, picture }, siteId) {
  const file = join(home, 'numbered.mp4');
  numbered(join(process.env.VRU_WEB_OUT, '../clips/vtest.avi'), file);
  await page.getByLabel('Zones, lines and rules of').selectOption({ index: 1 });
  const upload = { name: 'numbered.mp4', mimeType: 'video/mp4', buffer: readFileSync(file) };
  await page.locator('input[type=file]').setInputFiles(upload);
  const row = page.locator('[data-upload]').filter({ hasText: 'numbered.mp4' });
  await row.getByText('Done, 80 pictures').waitFor({ timeout: 180_000 });
  await row.getByRole('link', { name: 'numbered.mp4' }).click();
  const canvas = page.locator('.player canvas');
  const shown = async () => (await canvas.getAttribute('data-sequence')) ?? '';
  await until('the first picture', async () => (await shown()) === '0');
  const id = new URL(page.url()).pathname.split('/').at(-1);
  const path = `${origin}/api/v1/sites/${siteId}/uploads/${id}/frames?limit=200`;
  const frames = (await ask(page, path)).items;
  assert.equal(frames.length, 80);

  // Each picture on the screen is the one that its boxes are of.
  const compare = async (sequence) => {
    await until(`picture ${sequence}`, async () => (await shown()) === String(sequence));
    assert.equal(numberIn(await canvas.screenshot()), numberOf(sequence), `the picture with the boxes of ${sequence}`);
    boxesAreDrawn(await canvas.screenshot(), frames[sequence]);
  };
  await compare(0);
  for (const sequence of [1, 2, 3, 4, 5]) {
    await page.getByRole('button', { name: 'One picture forward' }).click();
    await compare(sequence);
  }
  const place = page.getByRole('slider', { name: 'Place in the video' });
  for (const sequence of [61, 23, 47, 79]) {
    await place.fill((sequence / 10 + 0.05).toFixed(2));
    await compare(sequence);
  }
  for (const sequence of [78, 77]) {
    await page.keyboard.press(',');
    await compare(sequence);
  }
  await accessible();
  await page.getByRole('region', { name: 'In this picture' }).waitFor();
  await picture('playback', page);

  // While it plays as well: the picture says its own number, and has the boxes of that one.
  await place.fill('0');
  await compare(0);
  await page.getByLabel('Speed').selectOption('0.25');
  await page.getByRole('button', { name: /^Play/ }).click();
  await until('the second picture', async () => Number(await shown()) > 1);
  for (let taken = 0; taken < 5; taken += 1) {
    const before = Number(await shown());
    const png = await canvas.screenshot();
    const after = Number(await shown());
    const own = frames.slice(before, after + 1).filter(({ sequence }) => numberOf(sequence) === numberIn(png));
    assert.equal(own.length, 1, `the picture shown from ${before} to ${after} is ${numberIn(png)} of 24`);
    boxesAreDrawn(png, own[0]);
  }
  await page.getByRole('button', { name: /^(Pause|Play)/ }).click();
  const csv = await page.getByRole('link', { name: 'Counts as a CSV file' }).getAttribute('href');
  const counts = await page.request.get(`${origin}${csv}`);
  assert.ok(counts.ok() && (await counts.text()).includes('camera_id'), await counts.text());
}
