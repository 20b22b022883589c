// Pictures of every page in every state, at the widths of a phone, a desk and a wall, light and dark; and what is wrong with their layout:
// node e2e/gallery.mjs PROGRAM|ADDRESS FOLDER [PAGE|STATE|WIDTH|SCHEME …]
// ADDRESS is that of a demo that runs, of which somebody has used the one-time link as this script does.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, open } from './browser.mjs';
import { startDemo } from './demo.mjs';
import { everyDialog } from './dialogs.mjs';
import { fill, signIn } from './filling.mjs';
import { layoutFaults } from './layout.mjs';
import { everyPage, settle } from './pages.mjs';
import { silenceable, states } from './states.mjs';

const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 900 },
  { width: 2560, height: 1440 },
];
const WIDTHS = SIZES.map(({ width }) => String(width));
const SCHEMES = ['light', 'dark'];
/** Of a page that is longer, the rest is like what is shown. */
const LONGEST_PX = 2400;

const [from, folder, ...wanted] = process.argv.slice(2);
if (!from || !folder) throw new Error('usage: node e2e/gallery.mjs PROGRAM|ADDRESS FOLDER [PAGE|STATE|WIDTH|SCHEME …]');
/** Of a kind of names, all are wanted if none is named. */
const isWantedIn = (names) => {
  const asked = wanted.filter((name) => names.includes(name));
  return (name) => asked.length === 0 || asked.includes(name);
};

/** Returns what is wrong. `open` is what somebody does on the page first. */
async function picture(tab, name, state, { open: act, widths = WIDTHS.map(Number) }) {
  const faults = [];
  const { page } = tab;
  const sizes = SIZES.filter(({ width }) => widths.includes(width) && isWantedIn(WIDTHS)(String(width)));
  for (const [at, size] of sizes.entries()) {
    await page.setViewportSize(size);
    if (at === 0) await act?.(page);
    for (const colorScheme of SCHEMES.filter(isWantedIn(SCHEMES))) {
      await page.emulateMedia({ colorScheme });
      // Charts are drawn again for another size.
      await page.waitForTimeout(150);
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.screenshot({
        path: join(folder, state, `${name}-${size.width}-${colorScheme}.png`),
        // A dialog lies on the screen, not on the page.
        ...(act
          ? {}
          : {
              fullPage: true,
              clip: { x: 0, y: 0, width: size.width, height: Math.min(LONGEST_PX, Math.max(height, size.height)) },
            }),
        caret: 'hide',
        animations: 'disabled',
      });
    }
    for (const fault of await layoutFaults(page)) faults.push(`${size.width} px: ${fault}`);
  }
  // The colours of the light one are looked at in the run of the browser tests.
  await page.setViewportSize(SIZES[1]);
  const before = tab.faults.length;
  await tab.accessible();
  faults.push(...tab.faults.splice(before));
  return faults;
}

/** One page of pictures, which a browser shows. */
function index() {
  const found = Object.keys(states).flatMap((state) => {
    try {
      return readdirSync(join(folder, state)).map((file) => `${state}/${file}`);
    } catch {
      return [];
    }
  });
  const figure = (path) => `<figure><figcaption>${path}</figcaption><img src="${path}" loading="lazy"></figure>`;
  const style =
    'body{display:flex;flex-wrap:wrap;gap:1rem;font:13px sans-serif}figure{margin:0}img{height:480px;border:1px solid #999}';
  writeFileSync(join(folder, 'index.html'), `<!doctype html><style>${style}</style>${found.map(figure).join('\n')}\n`);
}

const started = performance.now();
const demo = from.startsWith('http') ? { link: from, stop: async () => undefined } : await startDemo(from);
const browser = await launch();
let failed = 0;
try {
  const { origin } = new URL(demo.link);
  const first = await open(browser, origin);
  await signIn(first.page, demo.link);
  const places = await fill(first.page, origin);
  const storageState = await first.page.context().storageState();
  await first.close();
  const stateIsWanted = isWantedIn(Object.keys(states));
  for (const [state, { route, after, place = 'full', patience, dialogs = false }] of Object.entries(states)) {
    if (!stateIsWanted(state)) continue;
    const pages = dialogs ? everyDialog(places[place]) : everyPage(places[place]);
    const pageIsWanted = isWantedIn(Object.keys(pages));
    mkdirSync(join(folder, state), { recursive: true });
    for (const [name, found] of Object.entries(pages)) {
      if (!pageIsWanted(name)) continue;
      const { path, ...act } = typeof found === 'string' ? { path: found } : found;
      const tab = await open(browser, origin, { storageState, viewport: SIZES[1] });
      try {
        await tab.page.addInitScript(silenceable);
        if (route) await tab.page.route('**/api/v1/**', route);
        await tab.page.goto(origin + path);
        await settle(tab.page, patience);
        await after?.(tab.page);
        const all = [...(await picture(tab, name, state, act)), ...tab.faults];
        // A browser reports each answer that this script has changed.
        const faults = all.filter((fault) => state === 'full' || !/Failed to load resource|WebSocket/.test(fault));
        for (const fault of faults) console.log(`FAILED ${state} ${name}: ${fault}`);
        failed += faults.length;
      } catch (error) {
        console.log(`FAILED ${state} ${name}: ${error.stack}`);
        failed += 1;
      } finally {
        await tab.page.unrouteAll({ behavior: 'ignoreErrors' });
        await tab.close();
      }
    }
    console.log(`${state} (${((performance.now() - started) / 1000).toFixed(0)} s)`);
  }
  index();
} finally {
  await browser.close();
  await demo.stop();
}
process.exit(failed > 0 ? 1 : 0);
