// The states in which each page must be understood, made by changing what the server answers.
import { settle } from './pages.mjs';

const LONG = [
  'Willy-Brandt-Straße / Holzbrücke, Fahrtrichtung Süd (Mast 14)',
  'A1 northbound, km 23.4, emergency bay opposite the maintenance depot',
  'cam-7',
  'Kieler Straße – Überführung am Kollaustraßenkreisel',
];
const STATES = [
  { state: 'silent', age_seconds: 185 },
  { state: 'unknown' },
  { state: 'live' },
  { state: 'silent', age_seconds: 3 * 86_400 },
];

function problem(route, status, code, detail) {
  return route.fulfill({
    status,
    contentType: 'application/problem+json',
    body: JSON.stringify({ type: 'about:blank', title: detail, status, detail, code }),
  });
}

/** Whether the page would not be there at all without the answer: who is signed in, and at which site. */
function isShell(url) {
  return /\/api\/v1\/(session|sites)$/.test(new URL(url).pathname);
}

/** Lists are long, and names are, too. */
async function crowd(route) {
  const answer = await route.fetch().catch(() => undefined);
  if (!answer) return route.abort().catch(() => undefined);
  const found = answer.ok() && answer.headers()['content-type']?.includes('json') ? await answer.json() : undefined;
  const path = new URL(route.request().url()).pathname;
  if (!found?.items?.length || path.endsWith('/frames')) return route.fulfill({ response: answer });
  const copies = Math.ceil(24 / found.items.length);
  const items = Array.from({ length: copies }, (_, copy) => found.items.map((item) => other(item, copy, path))).flat();
  return route.fulfill({ response: answer, json: { ...found, items: items.map(named) } });
}

function other(item, copy, path) {
  if (copy === 0) return item;
  const next = { ...item };
  for (const key of ['id', 'camera_id', 'user_id', 'track_id']) {
    if (typeof next[key] !== 'string') continue;
    // The camera of an alert is one of the list.
    if (key !== 'camera_id' || path.endsWith('/live')) next[key] = `${next[key]}-${copy}`;
  }
  if (path.endsWith('/live')) return { camera_id: next.camera_id, ...STATES[copy % STATES.length] };
  return next;
}

function named(item, at) {
  const name = LONG[at % LONG.length];
  return {
    ...item,
    ...(item.settings?.name === undefined ? {} : { settings: { ...item.settings, name } }),
    ...(item.name === undefined ? {} : { name: `${name.slice(0, 50)} ${at}` }),
    ...(item.display_name === undefined ? {} : { display_name: name }),
    ...(item.last_error === undefined ? {} : { last_error: `the server answered 502: ${name}` }),
  };
}

const none = (route) =>
  route.request().method() === 'GET' &&
  /\/(alerts|tracks|exports|deletions|uploads)$/.test(new URL(route.request().url()).pathname)
    ? route.fulfill({ json: { items: [] } })
    : route.continue();

const waits = { patience: 500 };

/** The person may not see anything but that they are signed in. */
export const denied = (route) =>
  isShell(route.request().url()) ? route.continue() : problem(route, 403, 'forbidden', 'your role does not allow this');

/** By name: what it does to the requests before the page is opened, and what happens after it is shown. */
export const states = {
  full: {},
  crowded: { route: crowd },
  empty: { place: 'empty', route: none },
  // What somebody has asked for: everything in `dialogs.mjs`.
  dialogs: { dialogs: true },
  // Nothing but the frame has come yet.
  loading: { ...waits, route: (route) => (isShell(route.request().url()) ? route.continue() : undefined) },
  // It worked, and then the server went away; the pictures stopped.
  away: {
    async after(page) {
      await page.route('**/api/**', (route) => route.abort());
      await page.evaluate(() => window.silenceFeed());
      // The shell asks every five seconds whether the server is there, and a picture is old after two.
      await page
        .locator('[data-away]')
        .waitFor({ timeout: 15_000 })
        .catch(() => undefined);
      await settle(page);
    },
  },
  // It worked, and then the server could not answer any more, but it says who is signed in.
  stuck: {
    async after(page) {
      await page.route('**/api/v1/**', (route) =>
        isShell(route.request().url())
          ? route.continue()
          : problem(route, 503, 'database_unavailable', 'the database does not answer; try again'),
      );
      // What is asked for in intervals has failed for the last time by then.
      await page.waitForTimeout(9_000);
      await settle(page);
    },
  },
  offline: { patience: 4_000, route: (route) => (isShell(route.request().url()) ? route.continue() : route.abort()) },
  failing: {
    patience: 4_000,
    route: (route) =>
      isShell(route.request().url())
        ? route.continue()
        : problem(route, 503, 'database_unavailable', 'the database does not answer; try again'),
  },
  denied: { route: denied },
  gone: {
    route: (route) =>
      isShell(route.request().url()) ? route.continue() : problem(route, 404, 'not_found', 'there is no such thing'),
  },
};

/** In the page, before its scripts: the live feed can be made to say nothing more. */
export function silenceable() {
  const sockets = new Set();
  let silent = false;
  const Real = window.WebSocket;
  window.WebSocket = class extends Real {
    constructor(...options) {
      super(...options);
      sockets.add(this);
      this.addEventListener('message', (event) => silent && event.stopImmediatePropagation());
    }
  };
  window.silenceFeed = () => {
    silent = true;
    for (const socket of sockets) socket.close();
  };
}
