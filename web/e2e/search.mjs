// Search: filters, pictures in the rows, the time slider, and one road user.
import assert from 'node:assert/strict';
import { ask, until } from './asking.mjs';

/** The bins behind the slider: what the API answered to this page. Another moment has other counts. */
async function countedBins(page, origin, siteId) {
  const counted = page.waitForResponse((answer) => answer.url().includes('/track-counts?'));
  await page.reload();
  const answer = await counted;
  assert.equal(new URL(answer.url()).origin, origin);
  assert.ok(answer.url().includes(siteId));
  return (await answer.json()).bins;
}

export function searchSteps(goTo, siteId) {
  return {
    async 'a search is in the address, and finds the same in another tab'({ page, origin, accessible }) {
      await goTo(page, 'Search');
      await page.locator('[data-track]').first().waitFor();
      await page.getByLabel('Camera', { exact: true }).selectOption('cam-1');
      await page.waitForURL(/camera=cam-1/);
      await page.locator('[data-track]').first().waitFor();
      await accessible();
      await page.getByLabel('Zone or line').selectOption('zone crossing');
      await page.waitForURL(/zone=crossing/);
      await page.locator('[data-track]').first().waitFor();
      const other = await page.context().newPage();
      await other.goto(page.url());
      await other.locator('[data-track]').first().waitFor();
      assert.equal(await other.getByLabel('Zone or line').inputValue(), 'zone crossing');
      await other.close();
      const path = `${origin}/api/v1/sites/${siteId()}/tracks?camera_id=cam-1&zone_id=crossing`;
      assert.ok((await ask(page, path)).items.length > 0);
    },

    async 'rows show the road user in its picture, and the audit log has the list'({
      page,
      origin,
      accessible,
      picture,
    }) {
      const shown = page.locator('[data-thumbnail=picture] img');
      await until('a picture in a row', async () => {
        const loaded = await shown.evaluateAll((images) => images.filter((image) => image.naturalWidth > 100).length);
        return loaded > 0;
      });
      // The frame of the road user is inside of what is shown, and fills a good part of it.
      const frame = page
        .locator('[data-thumbnail=picture]')
        .filter({ has: page.locator('i') })
        .first();
      const [outer, inner] = [await frame.boundingBox(), await frame.locator('i').boundingBox()];
      const [x, y] = [inner.x + inner.width / 2, inner.y + inner.height / 2];
      assert.ok(x > outer.x && x < outer.x + outer.width && y > outer.y && y < outer.y + outer.height);
      assert.ok(inner.height > outer.height * 0.3 || inner.width > outer.width * 0.3, `${inner.height}`);
      await accessible();
      await picture('search', page);
      const entries = (await ask(page, `${origin}/api/v1/sites/${siteId()}/audit?limit=200`)).items;
      const lists = entries.filter((entry) => entry.action === 'track.see_snapshots');
      const pictures = await page.locator('[data-thumbnail=picture]').count();
      assert.ok(
        lists.length > 0 && lists.length < Math.max(4, pictures),
        `${lists.length} entries of ${pictures} pictures`,
      );
      const named = new Set(lists.flatMap((entry) => entry.details.tracks));
      for (const row of await page.locator('[data-track]').all()) {
        const has = (await row.locator('[data-thumbnail=picture]').count()) > 0;
        if (has) assert.ok(named.has(await row.getAttribute('data-track')), 'who saw it is in the audit log');
      }
    },

    async 'the time slider is moved by keyboard, and what is found follows'({ page, origin, accessible }) {
      const bins = await countedBins(page, origin, siteId());
      await page.locator('.time-slider').waitFor();
      const best = bins.reduce((found, bin, index) => ((bin.count ?? 0) > (bins[found].count ?? 0) ? index : found), 0);
      assert.ok(bins[best].count > 0, 'somebody came today');
      const [from, to] = [page.getByRole('slider', { name: 'From' }), page.getByRole('slider', { name: 'To' })];
      // The demo began some moments ago: before that, nobody watched, which is no zero.
      const bars = page.locator('.time-bar');
      assert.equal(await bars.nth(best).getAttribute('data-count'), String(bins[best].count));
      assert.ok(best === 0 || (await page.locator('.time-bar[data-watched=not]').count()) > 0);
      await from.focus();
      await page.keyboard.press('Home');
      for (let step = 0; step < best; step += 1) await page.keyboard.press('ArrowRight');
      if (best > 0)
        await page.waitForURL((url) => Date.parse(url.searchParams.get('from')) === Date.parse(bins[best].from));
      await to.focus();
      await page.keyboard.press('Home');
      await page.waitForURL((url) => Date.parse(url.searchParams.get('to')) === Date.parse(bins[best].to));
      assert.equal(await to.getAttribute('aria-valuenow'), String(best + 1));
      // Whoever only takes a handle moves nothing.
      for (const handle of [from, to]) await handle.click();
      assert.equal(await from.getAttribute('aria-valuenow'), String(best));
      assert.equal(await to.getAttribute('aria-valuenow'), String(best + 1));
      await page.locator('[data-track]').first().waitFor();
      await accessible();
      const rows = await page.locator('[data-track] time').evaluateAll((times) => times.map((time) => time.dateTime));
      for (const at of rows) {
        assert.ok(Date.parse(at) >= Date.parse(bins[best].from) && Date.parse(at) < Date.parse(bins[best].to), at);
      }
      await page.getByText('Any time', { exact: true }).click();
      await page.waitForURL(/time=any/);
      await page.locator('.time-slider').waitFor({ state: 'detached' });
      await page.getByText('Today', { exact: true }).click();
      await page.locator('.time-slider').waitFor();
      await page.locator('[data-track]').first().waitFor();
    },

    async 'a track is drawn on its picture'({ page, accessible, picture }) {
      await page.locator('[data-track] a').first().click();
      await page.locator('[data-path]').waitFor({ state: 'attached' });
      const points = await page.locator('[data-path]').getAttribute('points');
      for (const place of points.split(' ').flatMap((point) => point.split(','))) {
        assert.ok(Number(place) > -0.5 && Number(place) < 1.5, `${place} is in the picture`);
      }
      await accessible();
      await picture('road-user', page);
    },
  };
}
