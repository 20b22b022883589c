// Export, deletion and retention of what cameras saw.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ask, until } from './asking.mjs';

const PATIENCE_MS = 120_000;

/** As the inputs have it, in the site's zone. */
function local(at, zone) {
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(at);
  return parts.replace(' ', 'T');
}

/** The names and contents of the files of a tar archive. */
function untar(bytes) {
  const files = new Map();
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const text = (from, to) => bytes.toString('utf8', at + from, at + to).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 136), 8);
    files.set(text(0, 100), bytes.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

export function dataSteps(goTo, siteId) {
  return {
    async 'what a camera saw is exported, and the archive is what its hash says'({ page, origin, accessible }) {
      await goTo(page, 'Stored data');
      await page.getByText('No exports yet').waitFor();
      await page.getByText('Nothing was deleted by time yet').waitFor();
      await accessible();
      const { time_zone: zone } = await ask(page, `${origin}/api/v1/sites/${siteId()}`);
      await page.getByLabel('Camera', { exact: true }).selectOption('cam-1');
      const minute = Math.floor(Date.now() / 60_000) * 60_000;
      await page.getByLabel(/^Before/).fill(local(minute + 3_600_000, zone));
      await page.getByLabel(/^From/).fill(local(minute - 3_600_000, zone));
      await page.getByText('The end is in the future.').waitFor();
      assert.ok(await page.getByRole('button', { name: 'Export' }).isDisabled());
      await page.getByLabel(/^Before/).fill(local(minute, zone));
      await page.getByRole('button', { name: 'Export' }).click();
      const row = page.locator('[data-export=done]');
      await row.waitFor({ timeout: PATIENCE_MS });
      const [job] = (await ask(page, `${origin}/api/v1/sites/${siteId()}/exports`)).items;
      assert.ok(job.exported.frames > 0 && job.exported.alerts > 0, JSON.stringify(job.exported));
      await row.getByText(job.exported.frames.toLocaleString('en-GB'), { exact: true }).waitFor();
      await row.getByText(job.sha256).waitFor();
      await accessible();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        row.getByRole('button', { name: /Download/ }).click(),
      ]);
      const bytes = readFileSync(await download.path());
      assert.equal(createHash('sha256').update(bytes).digest('hex'), job.sha256);
      const files = untar(bytes);
      const manifest = JSON.parse(files.get('manifest.json').toString());
      const frames = manifest.files.filter(({ name }) => name.startsWith('frames-'));
      assert.equal(
        frames.reduce((sum, { rows }) => sum + rows, 0),
        job.exported.frames,
      );
      for (const { name, sha256 } of manifest.files) {
        assert.equal(createHash('sha256').update(files.get(name)).digest('hex'), sha256, name);
      }
    },

    async 'what a camera saw is deleted for good, and nothing else'({ page, origin, accessible, picture }) {
      const path = `${origin}/api/v1/sites/${siteId()}`;
      const { time_zone: zone } = await ask(page, path);
      const alerts = async (camera, to) =>
        (await ask(page, `${path}/alerts?camera_id=${camera}&to=${to.toISOString()}&limit=1`)).items.length;
      const to = new Date(Math.floor(Date.now() / 60_000) * 60_000);
      await page.getByLabel('Camera', { exact: true }).selectOption('cam-2');
      await page.getByLabel(/^From/).fill(local(to.getTime() - 3_600_000, zone));
      await page.getByLabel(/^Before/).fill(local(to, zone));
      await page.getByRole('button', { name: 'Delete …' }).click();
      const dialog = page.getByRole('dialog');
      const sure = dialog.getByRole('button', { name: 'Delete for good' });
      assert.ok(await sure.isDisabled());
      await accessible();
      await picture('delete-data', dialog);
      await dialog.getByRole('button', { name: 'Cancel', exact: true }).last().click();
      await dialog.waitFor({ state: 'detached' });
      assert.equal((await ask(page, `${path}/deletions`)).items.length, 0);
      await page.getByRole('button', { name: 'Delete …' }).click();
      await dialog.getByLabel('I know that this cannot be undone').check();
      await sure.click();
      const row = page.locator('[data-deletion=done]');
      await row.waitFor({ timeout: PATIENCE_MS });
      const [job] = (await ask(page, `${path}/deletions`)).items;
      assert.ok(job.deleted.frames > 0, JSON.stringify(job.deleted));
      await row.getByText(job.deleted.frames.toLocaleString('en-GB'), { exact: true }).waitFor();
      await accessible();
      await picture('stored-data', page);
      assert.equal(await alerts('cam-2', to), 0);
      assert.equal(await alerts('cam-1', to), 1);
      // An export that was removed is still in the list, and there is nothing more to remove of it.
      await page.locator('[data-export=done]').getByRole('button', { name: 'Remove' }).click();
      await dialog.getByRole('button', { name: 'Remove the export' }).click();
      const removed = page.locator('[data-export=expired]');
      await removed.waitFor();
      assert.equal(await removed.getByRole('button').count(), 0);
    },

    async 'a site keeps data for as long as it says, and a shorter time needs a tick'({
      page,
      origin,
      accessible,
      picture,
    }) {
      await goTo(page, 'Site settings');
      const card = page.locator('.card').filter({ has: page.getByRole('heading', { name: 'How long data is kept' }) });
      const save = card.getByRole('button', { name: 'Save' });
      await card.getByLabel('Counts').fill('400');
      assert.ok(await save.isDisabled());
      await card.getByLabel(/^Delete for good what is older now: Counts/).check();
      await accessible();
      await picture('retention', card);
      await save.click();
      await card.getByText('What is older is deleted within minutes').waitFor();
      const kept = async () => (await ask(page, `${origin}/api/v1/sites/${siteId()}/retention`)).days;
      assert.deepEqual(await kept(), { counts: 400 });
      // Longer needs none.
      await card.getByLabel('Counts').fill('');
      await save.click();
      await until('the default', async () => (await kept()).counts === undefined);
    },
  };
}
