// What rules would have raised, and what they did raise.
import assert from 'node:assert/strict';
import { ask, until } from './asking.mjs';

/** Rows of newer frames may be missing still. */
const SETTLED_MS = 15_000;
const KINDS = ['presence', 'dwell', 'line_crossing'].map((kind) => `kind=${kind}`).join('&');

/** Rule, time and track of each alert, of the same range of time: as the preview says it, and as the alerts do. */
export async function triedAndRaised(page, origin, siteId, camera) {
  const path = `${origin}/api/v1/sites/${siteId}`;
  const before = Date.now() - SETTLED_MS;
  const { zones, lines, rules } = (await ask(page, `${path}/cameras/${camera}`)).settings;
  const preview = await ask(page, `${path}/cameras/${camera}/rule-preview`, {
    method: 'POST',
    headers: { origin },
    data: { drawn: { zones, lines, rules } },
  });
  const { items } = await ask(page, `${path}/alerts?camera_id=${camera}&limit=100&${KINDS}`);
  const tried = preview.alerts.map(({ rule_id, at, track_id }) => ({
    rule: rule_id,
    at: Date.parse(at),
    track: track_id,
  }));
  const raised = items.map(({ rule_id, captured_at, tracks }) => ({
    rule: rule_id,
    at: Date.parse(captured_at),
    track: tracks[0],
  }));
  // Both are lists of the newest hundred.
  const oldest = Math.max(...[tried, raised].filter((list) => list.length === 100).map((list) => list.at(-1).at), 0);
  const shared = (list) =>
    list
      .filter(({ at }) => at > oldest && at < before)
      .map(({ rule, at, track }) => `${new Date(at).toISOString()} ${rule} ${track}`)
      .sort();
  return { tried: shared(tried), raised: shared(raised) };
}

/** A rule that nobody can meet raises nothing, and its count follows when it is made laxer. Nothing is saved. */
export async function previewInEditor({ page, origin, accessible, picture }, siteId) {
  const path = `${origin}/api/v1/sites/${siteId}/cameras/cam-1`;
  const before = (await ask(page, path)).settings;
  await page.goto(`${origin}/sites/${siteId}/cameras/cam-1/edit`);
  await page.locator('[data-preview-frames][data-old=false]').waitFor();
  const rule = before.rules.find((one) => one.zone_presence);
  const count = async () =>
    Number((await page.locator(`[data-previewed="${rule.id}"]`).textContent()).replace(/\D/g, ''));
  await until('alerts of the rule as it is', async () => (await count()) > 0);
  await page.locator('[data-previewed-alert]').first().waitFor();
  assert.ok((await page.locator('[data-mark]').count()) > 0, 'marks on the picture');
  // The demo began some minutes ago.
  await page.locator('[data-limit=partly]').waitFor();
  await accessible();
  await picture(
    'preview',
    page.locator('.card').filter({ has: page.getByRole('table', { name: 'Alerts', exact: true }) }),
  );
  const seconds = page.getByLabel(`Seconds of ${rule.id}`);
  const usual = await seconds.inputValue();
  await seconds.fill('3000');
  await until('no alerts of a rule that nobody meets', async () => (await count()) === 0);
  await seconds.fill(usual);
  await until('alerts again', async () => (await count()) > 0);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(/cameras\/cam-1$/);
  assert.deepEqual((await ask(page, path)).settings, before);
}
