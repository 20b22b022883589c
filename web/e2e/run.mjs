// The app in a browser, on a running demo with real cameras: node e2e/run.mjs PROGRAM
import { mkdirSync } from 'node:fs';
import { launch, open } from './browser.mjs';
import { startDemo } from './demo.mjs';
import { pictureIn } from './pictures.mjs';
import { steps } from './steps.mjs';

const program = process.argv[2];
if (!program) throw new Error('usage: node e2e/run.mjs PROGRAM');
const shots = process.env.VRU_WEB_SHOTS;
if (shots) mkdirSync(shots, { recursive: true });
const picture = pictureIn(process.env.VRU_WEB_PICTURES);

const demo = await startDemo(program);
const browser = await launch();
let failed = 0;
try {
  const { origin } = new URL(demo.link);
  const tab = await open(browser, origin);
  for (const [name, step] of Object.entries(steps)) {
    const started = performance.now();
    try {
      await step({ ...tab, picture, browser, origin, link: demo.link, home: demo.home });
    } catch (error) {
      tab.faults.push(error.stack ?? String(error));
      if (shots) await tab.page.screenshot({ path: `${shots}/failed-${name.replaceAll(' ', '-')}.png` });
    }
    const faults = tab.faults.splice(0);
    console.log(
      `${faults.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`,
    );
    for (const fault of faults) console.log(`    ${fault.replaceAll('\n', '\n    ')}`);
    failed += faults.length > 0 ? 1 : 0;
  }
} finally {
  await browser.close();
  await demo.stop();
}
process.exit(failed > 0 ? 1 : 0);
