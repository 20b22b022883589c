// What a person does with the app, in this order. A step fails on an error of its own, and on whatever the browser reports meanwhile.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ask, until } from './asking.mjs';
import { dataSteps } from './data.mjs';
import { mapSteps } from './map.mjs';
import { playUpload } from './playback.mjs';
import { previewInEditor, triedAndRaised } from './preview.mjs';
import { searchSteps } from './search.mjs';
import { watchStream } from './stream.mjs';
import { measureWall } from './wall.mjs';
import { waySteps } from './ways.mjs';
import { widthSteps } from './widths.mjs';

const NAME = 'ada';
const PASSWORD = 'a long enough password';

async function goTo(page, name) {
  await page.getByRole('navigation').getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
}

let site;

export const steps = {
  async 'who is not signed in is asked to'({ page, origin, accessible }) {
    await page.goto(`${origin}/sites/none/alerts?state=all`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.ok(page.url().includes('/sign-in?to='), page.url());
    await accessible();
  },

  async 'the one-time link adds the first person'({ page, link, origin, accessible, picture }) {
    await page.goto(link);
    await page.getByLabel('User name').fill(NAME);
    await page.getByLabel(/^Password/).fill(PASSWORD);
    await accessible();
    await picture('first-sign-in', page);
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.waitForURL(/\/sites\/[^/]+\/cameras$/);
    site = (await ask(page, `${origin}/api/v1/sites`)).items[0];
  },

  async 'both cameras of the demo are live'({ page, accessible }) {
    await page.locator('[data-health=live]').nth(1).waitFor();
    assert.equal(await page.locator('[data-camera]').count(), 2);
    await accessible();
  },

  async 'pictures are live, with their boxes'({ page, accessible, picture }) {
    await page.locator('.live[data-stale=false]').nth(1).waitFor();
    const canvas = page.locator('[data-camera=cam-1] canvas');
    await until('a picture with boxes', async () => Number(await canvas.getAttribute('data-objects')) > 0);
    const first = await canvas.getAttribute('data-captured');
    await until('the next picture', async () => (await canvas.getAttribute('data-captured')) !== first);
    const colours = await canvas.evaluate((element) => {
      const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height);
      const found = new Set();
      for (let at = 0; at < data.length; at += 4096) found.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
      return found.size;
    });
    assert.ok(colours > 20, `a street has more than ${colours} colours`);
    await picture('cameras', page);
    await goTo(page, 'Wall');
    await page.locator('.wall .live[data-stale=false]').nth(1).waitFor();
    await accessible();
    await picture('wall', page);
    await goTo(page, 'Cameras');
  },

  async 'a wall of sixteen tiles is drawn'({ page, origin, faults }) {
    const found = await measureWall(page, origin, site.id);
    const percent = (100 * found.dropped).toFixed(1);
    console.log(
      `       16 tiles: ${found.pictures.toFixed(0)} pictures/s drawn, ${found.cpuMs.toFixed(1)} ms of processor time each, ${percent} % of ${found.calm.toFixed(0)} animation frames/s dropped; ${found.machine}`,
    );
    // Times depend on what else the machine does; that each tile shows pictures does not.
    assert.equal(found.drawn, 16);
    faults.push(...found.faults);
  },

  async 'a camera shows who is there, counts and alerts'({ page, accessible, picture }) {
    await page.locator('[data-camera=cam-1]').getByRole('link').click();
    await page.getByRole('heading', { level: 1, name: /cam-1/ }).waitFor();
    await page.getByText(/Live, [\d.]+ pictures\/s/).waitFor();
    await page.locator('.chart canvas').first().waitFor();
    await page.locator('.heat rect').first().waitFor({ state: 'attached' });
    await page
      .getByRole('link', { name: /in Crossing|stays in Crossing/ })
      .first()
      .waitFor();
    await accessible();
    await picture('camera', page);
    await picture('heat-map', page.locator('.card').filter({ has: page.locator('.heat') }));
  },

  async 'a test of the camera shows its picture'({ page, picture }) {
    await page.getByRole('link', { name: 'Edit the camera' }).click();
    await page.locator('.picture .live[data-stale=false]').waitFor();
    await page.getByRole('button', { name: 'Test the camera' }).click();
    const tested = page.getByRole('img', { name: 'Picture of the camera' });
    await tested.waitFor({ timeout: 60_000 });
    assert.ok(await until('the picture', () => tested.evaluate((image) => image.naturalWidth > 100)));
    await picture('test-of-a-camera', page);
    await picture(
      'zones',
      page.locator('.card').filter({ has: page.getByRole('group', { name: 'Zones and lines on the picture' }) }),
    );
    await picture('rules', page.locator('.card').filter({ has: page.getByRole('table', { name: 'Alerts' }) }));
  },

  async 'alerts are triaged by keyboard'({ page, origin, accessible, picture }) {
    await goTo(page, 'Alerts');
    await page.locator('[data-alert]').nth(1).waitFor();
    await page.keyboard.press('j');
    await page.waitForURL(/alert=/);
    const first = new URL(page.url()).searchParams.get('alert');
    await page.getByRole('img', { name: /the alert was raised/ }).waitFor();
    await accessible();
    await picture('alerts', page);
    await page.keyboard.press('a');
    const reviewed = async (id) => (await ask(page, `${origin}/api/v1/sites/${site.id}/alerts/${id}`)).review;
    await until('the acknowledgement', async () => (await reviewed(first)).state === 'acknowledged');
    await page.waitForURL((url) => url.searchParams.get('alert') !== first);
    await page.locator(`[data-alert="${first}"]`).waitFor({ state: 'detached' });
    const second = new URL(page.url()).searchParams.get('alert');
    assert.ok(second, 'the next alert is selected');
    await page.keyboard.press('d');
    await page.getByRole('radio', { name: 'A test' }).focus();
    await page.keyboard.press('Space');
    await accessible();
    await picture('dismiss', page.getByRole('dialog'));
    await page.keyboard.press('Enter');
    await until('the dismissal', async () => (await reviewed(second)).reason === 'test');
  },

  ...searchSteps(goTo, () => site.id),

  async 'statistics count, and time that nobody watched is said'({ page, origin, accessible, picture }) {
    await goTo(page, 'Statistics');
    await page.getByRole('button', { name: 'Last hour' }).or(page.getByText('Last hour')).first().click();
    await page.waitForURL(/span=hour/);
    await page.locator('.chart canvas').first().waitFor();
    // The demo began some moments ago: most of the hour is a gap, and the page says so.
    await page
      .getByText(/Watched \d+ % of the time/)
      .first()
      .waitFor();
    await accessible();
    await picture('statistics', page);
    const address = await page.getByRole('link', { name: 'CSV file' }).getAttribute('href');
    const file = await page.request.get(origin + address);
    assert.ok(file.headers()['content-type'].startsWith('text/csv'), file.headers()['content-type']);
    assert.ok((await file.text()).split('\n').length > 60);
  },

  async 'a video is uploaded and analysed, and what is none is refused in words'({ page, accessible, picture }) {
    await goTo(page, 'Uploads');
    await page.getByText('No uploads yet').waitFor();
    await accessible();
    const chooser = page.locator('input[type=file]');
    const text = Buffer.from('this is no video\n'.repeat(100));
    await chooser.setInputFiles({ name: 'notes.mp4', mimeType: 'video/mp4', buffer: text });
    const refused = page.locator('[data-upload=failed]').filter({ hasText: 'notes.mp4' });
    await refused.getByText(/no video in a container/).waitFor();
    await refused.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Remove with all that was found' }).click();
    await refused.waitFor({ state: 'detached' });

    await page.getByLabel('Zones, lines and rules of').selectOption({ index: 1 });
    await chooser.setInputFiles(join(process.env.VRU_WEB_OUT, '../clips/vtest.avi'));
    const row = page.locator('[data-upload]').filter({ hasText: 'vtest.avi' });
    // Live cameras go first.
    await row.getByText(/[1-9]\d* pictures analysed/).waitFor({ timeout: 120_000 });
    await accessible();
    await picture('upload', page);
    await row.getByRole('link', { name: 'vtest.avi' }).click();
    await page.getByRole('heading', { level: 1, name: 'vtest.avi' }).waitFor();
    await goTo(page, 'Uploads');
    await row.getByRole('button', { name: 'Cancel' }).click();
    await row.getByText('Cancelled').waitFor();
    // What no browser plays is said in words, and what was found is there.
    await row.getByRole('link', { name: 'vtest.avi' }).click();
    await page.getByRole('heading', { name: 'This browser cannot show the video in this file' }).waitFor();
    await page.getByRole('heading', { name: 'Road users in this video' }).waitFor();
    await accessible();
    await goTo(page, 'Uploads');
  },

  async 'an upload plays with the boxes of each picture on that picture'(tab) {
    await playUpload(tab, site.id);
    await goTo(tab.page, 'Uploads');
  },

  async 'the stream of a camera is decoded in the browser, each picture with its own boxes'(tab) {
    await watchStream(tab, site.id);
    await goTo(tab.page, 'Cameras');
  },

  async 'rules tried on the past raise what they did raise, of both cameras'({ page, origin }) {
    for (const camera of ['cam-1', 'cam-2']) {
      const found = await triedAndRaised(page, origin, site.id, camera);
      assert.ok(found.raised.length >= 3, `${found.raised.length} alerts of ${camera}`);
      assert.deepEqual(found.tried, found.raised, camera);
    }
  },

  async 'the editor says what its rules would have raised, and follows the drawing'(tab) {
    await previewInEditor(tab, site.id);
  },

  async 'a zone is moved by keyboard alone, and the change is stored'({ page, origin, accessible }) {
    const path = `${origin}/api/v1/sites/${site.id}/cameras/cam-2`;
    const before = (await ask(page, path)).settings;
    await page.goto(`${origin}/sites/${site.id}/cameras/cam-2/edit`);
    const corner = page.getByRole('button', { name: 'Corner 1 of Footpath', exact: true });
    await corner.focus();
    await accessible();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    await page.locator('[data-preview-frames]').waitFor();
    await page.getByRole('button', { name: 'Undo' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Save' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/cameras\/cam-2$/);
    const after = (await ask(page, path)).settings;
    const [[x, y]] = before.zones[0].polygon;
    assert.deepEqual(
      after.zones[0].polygon[0].map((value) => Math.round(value * 1000)),
      [x + 0.01, y].map((value) => Math.round(value * 1000)),
    );
    assert.deepEqual(after.zones[0].polygon.slice(1), before.zones[0].polygon.slice(1));
    assert.deepEqual(after.rules, before.rules);
    await page.getByText(/^Version 2 ·/).waitFor();
  },

  async 'the system says how it is'({ page, accessible, picture }) {
    await goTo(page, 'System health');
    await page.getByRole('heading', { name: 'Workers' }).waitFor();
    assert.equal(await page.getByText('Works', { exact: true }).count(), 3);
    await accessible();
    await picture('system-health', page);
  },

  async 'people, keys, webhooks and the audit log'({ page, origin, accessible, picture }) {
    await page.goto(origin);
    await goTo(page, 'Users');
    await page.getByLabel('User name').fill('vera');
    await page.getByLabel(/^Password/).fill(PASSWORD);
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('cell', { name: 'vera' }).waitFor();
    await accessible();
    await page.goto(origin);
    await goTo(page, 'Members');
    await page.getByLabel('User name').fill('vera');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByLabel('Role of vera').waitFor();
    await accessible();
    await picture('members', page);
    await goTo(page, 'API keys');
    const [keys, clients] = ['Make a key', 'Make a client'].map((name) =>
      page.locator('.card').filter({ has: page.getByRole('heading', { name }) }),
    );
    await keys.getByLabel(/^Name/).fill('counts');
    await keys.getByRole('button', { name: 'Add' }).click();
    await page.getByText(/vru_/).waitFor();
    await clients.getByLabel(/^Name/).fill('dashboard');
    await clients.getByRole('button', { name: 'Add' }).click();
    await page.getByText(/vrusecret_/).waitFor();
    const table = page.getByRole('table', { name: 'API clients' });
    await table.getByRole('cell', { name: 'dashboard' }).waitFor();
    await accessible();
    await table.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Revoke for good' }).click();
    await page.getByText('No clients yet').waitFor();
    await page.reload();
    await page.getByRole('cell', { name: 'counts', exact: true }).waitFor();
    await picture('keys', page);
    await goTo(page, 'Webhooks');
    await page.getByText('No webhooks yet').waitFor();
    await accessible();
    await page.getByLabel(/^Name/).fill('Traffic lights');
    await page.getByLabel(/^Address/).fill('mqtts://broker.example.org/lights');
    await page.getByLabel('User name at the broker').fill('vru');
    await page.getByLabel(/^Password at the broker/).fill('a secret');
    await accessible();
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('MQTT, with a login').waitFor();
    await accessible();
    await picture('webhooks', page);
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Remove the webhook' }).click();
    await page.getByText('No webhooks yet').waitFor();
    await goTo(page, 'Audit log');
    await page.getByText('API key: added').first().waitFor();
    await accessible();
  },

  ...dataSteps(goTo, () => site.id),

  async 'a site has a place, and is on the map and in the list'({ page, accessible, picture }) {
    await goTo(page, 'Site settings');
    await page.getByLabel('Latitude').fill('53.5503');
    await page.getByLabel('Longitude').fill('9.9922');
    await page.getByRole('button', { name: 'Save' }).first().click();
    await page.getByText('Saved', { exact: true }).waitFor();
    await accessible();
    await goTo(page, 'Sites');
    await page.locator('[data-site]').getByText('2 cameras live').waitFor();
    const mark = page.locator('.map').getByRole('button', { name: /2 cameras live/ });
    await mark.waitFor();
    await accessible();
    await picture('sites', page);
    await mark.click();
    await page.getByRole('heading', { level: 1, name: 'Cameras' }).waitFor();
  },

  ...mapSteps(goTo, () => site.id),

  ...widthSteps(() => site.id),

  ...waySteps(() => site.id),

  async 'the user guide is in the app, with its pictures'({ page, origin, accessible }) {
    await page.goto(origin);
    await goTo(page, 'User guide');
    await page.getByRole('link', { name: 'Watch live' }).click();
    await page.getByRole('heading', { level: 1, name: 'Watch live' }).waitFor();
    const picture = page.locator('.guide img').first();
    assert.ok(await until('the picture', () => picture.evaluate((image) => image.naturalWidth > 100)));
    await accessible();
    await page.getByRole('link', { name: 'All pages of the user guide' }).click();
    await page.getByRole('heading', { level: 1, name: 'User guide' }).waitFor();
  },

  async 'a viewer sees, and is offered nothing to change'({ browser, origin, faults }) {
    const { open } = await import('./browser.mjs');
    const tab = await open(browser, origin);
    await tab.page.goto(`${origin}/sites/${site.id}/cameras/cam-1`);
    await tab.page.getByLabel('User name').fill('vera');
    await tab.page.getByLabel(/^Password/).fill(PASSWORD);
    await tab.page.getByRole('button', { name: 'Sign in' }).click();
    await tab.page.getByText(/Live, [\d.]+ pictures\/s/).waitFor();
    assert.equal(await tab.page.getByRole('link', { name: 'Edit the camera' }).count(), 0);
    assert.equal(await tab.page.getByRole('link', { name: 'Members' }).count(), 0);
    await tab.page.goto(`${origin}/system`);
    await tab.page.getByText('You may not see this').waitFor();
    faults.push(...tab.faults);
    await tab.close();
  },

  async 'dark, on a phone, and in German'({ page, origin, accessible }) {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.evaluate(() => localStorage.setItem('vru.locale', 'de'));
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const [path, title] of [
      ['cameras', 'Kameras'],
      ['cameras/cam-1', /cam-1/],
      ['alerts', 'Alarme'],
      ['tracks', 'Suche'],
      ['statistics', 'Statistik'],
    ]) {
      await page.goto(`${origin}/sites/${site.id}/${path}`);
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
      await accessible();
    }
  },

  async 'it says when the server is away, and comes back by itself'({ page, faults }) {
    await page.route('**/api/**', (route) => route.abort());
    await page.getByText('Der Server antwortet nicht').first().waitFor({ timeout: 30_000 });
    await page.unroute('**/api/**');
    await page.getByText('Der Server antwortet nicht').first().waitFor({ state: 'detached', timeout: 30_000 });
    // The browser reports each request that could not be sent.
    faults.splice(0, faults.length, ...faults.filter((fault) => !fault.includes('ERR_FAILED')));
  },
};
