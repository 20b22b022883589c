// Puts something of everything into a demo, as somebody who has used it for a while would have it; and a second site, at which there is nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './asking.mjs';
import { numbered } from './truth.mjs';

const NAME = 'ada';
const PASSWORD = 'a long enough password';
// A busy machine analyses live pictures first, and the upload with what is left.
const PATIENCE_MS = 600_000;

/** With the one-time link, or as the person that was added by it. */
export async function signIn(page, link) {
  await page.goto(link);
  const isLink = new URL(link).pathname === '/welcome';
  await page.getByLabel(/^User name/).fill(NAME);
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.getByRole('button', { name: isLink ? 'Begin' : 'Sign in' }).click();
  await page.waitForURL(/\/sites\//);
}

/** Sends a request as the page itself does. */
async function call(page, method, path, body, headers = {}) {
  const answer = await page.evaluate(
    async ({ method, path, body, headers }) => {
      const found = await fetch(path, {
        method,
        headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      return { ok: found.ok, status: found.status, text: await found.text(), etag: found.headers.get('etag') };
    },
    { method, path, body, headers },
  );
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return { value: answer.text ? JSON.parse(answer.text) : undefined, etag: answer.etag };
}

/** Returns the ids of what the pages of both sites show. */
export async function fill(page, origin) {
  const api = '/api/v1';
  const list = async (path) => (await call(page, 'GET', `${api}/${path}`)).value.items;
  const sites = await list('sites');
  const site = sites.find(({ name }) => name !== 'Nothing yet').id;
  const at = `sites/${site}`;
  if (sites.length === 1) await add(page, api, at, site);
  const empty = (await list('sites')).find(({ name }) => name === 'Nothing yet').id;
  if ((await list(`${at}/uploads`)).length === 0) await sendVideo(page, origin, site);
  const alert = await until('an alert', async () => (await list(`${at}/alerts?limit=5`)).at(-1), PATIENCE_MS);
  const track = await until(
    'a track',
    async () => (await list(`${at}/tracks?camera_id=cam-1&limit=5`)).at(-1),
    PATIENCE_MS,
  );
  const [upload] = await list(`${at}/uploads`);
  const full = { site, alert: alert.id, track: track.id, upload: upload.id };
  return { full, empty: { ...full, site: empty } };
}

async function add(page, api, at, site) {
  await call(page, 'POST', `${api}/users`, {
    name: 'vera',
    display_name: 'Vera Lindqvist',
    password: PASSWORD,
    system_admin: false,
  });
  await call(page, 'POST', `${api}/${at}/members`, { name: 'vera', role: 'viewer' });
  const expires_at = new Date(Date.now() + 90 * 86_400_000).toISOString();
  await call(page, 'POST', `${api}/${at}/keys`, { name: 'counts', scopes: ['counts:read'], expires_at });
  await call(page, 'POST', `${api}/${at}/clients`, { name: 'dashboard', scopes: ['counts:read'], expires_at });
  const hook = { name: 'Traffic lights', url: 'mqtts://broker.example.org/lights', enabled: false };
  await call(page, 'POST', `${api}/${at}/webhooks`, hook);
  const { value, etag } = await call(page, 'GET', `${api}/${at}`);
  const { name, time_zone, units } = value;
  const placed = { name, time_zone, units, location: { latitude: 53.5503, longitude: 9.9922 } };
  await call(page, 'PUT', `${api}/${at}`, placed, { 'if-match': etag });
  const until = Math.floor(Date.now() / 60_000) * 60_000;
  const range = { from: new Date(until - 3_600_000).toISOString(), to: new Date(until).toISOString() };
  await call(page, 'POST', `${api}/${at}/cameras/cam-1/exports`, range);
  await call(page, 'POST', `${api}/sites`, {
    name: 'Nothing yet',
    time_zone: 'Europe/Berlin',
    units: 'metric',
    location: null,
  });
  return site;
}

async function sendVideo(page, origin, site) {
  const file = join('/var/tmp', `vru-gallery-${process.pid}.mp4`);
  numbered(join(process.env.VRU_WEB_OUT, '../clips/vtest.avi'), file);
  await page.goto(`${origin}/sites/${site}/uploads`);
  await page.getByLabel('Zones, lines and rules of').selectOption({ index: 1 });
  const upload = { name: 'crossing-morning.mp4', mimeType: 'video/mp4', buffer: readFileSync(file) };
  await page.locator('input[type=file]').setInputFiles(upload);
  await page.locator('[data-upload=done]').waitFor({ timeout: PATIENCE_MS });
}
