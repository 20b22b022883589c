// A browser that reports everything that must not happen: errors on the console, violations of the policy, requests to others.
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { atRest, layoutFaults } from './layout.mjs';

const PATIENCE_MS = 20_000;

export function launch() {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: process.env.VRU_CHROMIUM ?? '/usr/bin/chromium', args });
}

/** What the browser itself writes about answers that the app expects. */
function isExpected(message) {
  const { url } = message.location();
  const text = message.text();
  // A machine without a graphics card draws the map in software.
  if (text.includes('GL Driver Message')) return true;
  // Nobody is signed in yet; a snapshot is not stored yet, or the role does not see the page.
  if (text.includes('status of 401') && url.endsWith('/api/v1/session')) return true;
  if (text.includes('status of 404') && /\/(snapshot|clip)$/.test(url)) return true;
  return text.includes('status of 403') && url.endsWith('/api/v1/system/health');
}

export async function open(browser, origin, options = {}) {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !isExpected(message)) {
      faults.push(`console: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol.startsWith('http') && `${protocol}//${host}` !== origin) {
      faults.push(`request to another origin: ${request.url()}`);
    }
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return {
    page,
    faults,
    async accessible() {
      // What fades in has less contrast than it will have.
      await atRest(page);
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
        .analyze();
      for (const { id, help, nodes } of violations) {
        faults.push(`axe: ${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`);
      }
      for (const fault of await layoutFaults(page)) faults.push(`layout: ${fault}`);
    },
    close: () => context.close(),
  };
}
