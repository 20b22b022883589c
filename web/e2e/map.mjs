// Cameras that have a place of their own are on the map there.
import assert from 'node:assert/strict';
import { ask } from './asking.mjs';

const PLACES = {
  'cam-1': { latitude: 53.5503, longitude: 9.9922, heading: 90 },
  'cam-2': { latitude: 53.5507, longitude: 9.9931 },
};

export function mapSteps(goTo, siteId) {
  async function place(page, origin, id, location) {
    const path = `${origin}/api/v1/sites/${siteId()}/cameras/${id}`;
    const answer = await page.request.get(path);
    const { settings } = await answer.json();
    const headers = { origin, 'if-match': answer.headers().etag };
    await ask(page, path, { method: 'PUT', headers, data: { settings: { ...settings, location } } });
  }

  return {
    async 'a camera with a place is on the map and in the list, and opens by keyboard'({ page, origin, accessible }) {
      for (const [id, location] of Object.entries(PLACES)) await place(page, origin, id, location);
      await page.reload();
      await goTo(page, 'Sites');
      const marks = page.locator('.map .map-camera');
      await marks.nth(1).waitFor();
      const mark = page.locator('.map').getByRole('button', { name: /cam-1.*: Watching$/ });
      await mark.waitFor();
      // The one that is further west and south is so on the map.
      const [west, east] = [
        await mark.boundingBox(),
        await marks.and(page.getByRole('button', { name: /cam-2/ })).boundingBox(),
      ];
      assert.ok(west.x < east.x && west.y > east.y, JSON.stringify({ west, east }));
      assert.equal(await mark.getAttribute('data-looks'), 'true');
      const list = page.locator(`[data-site="${siteId()}"]`);
      await list.getByText('2 cameras with a place').click();
      await list.locator('[data-camera=cam-2][data-state=live]').getByText('Watching').waitFor();
      await accessible();

      // From afar there is the site, until somebody wants to see its cameras.
      const further = page.locator('.map').getByRole('button', { name: 'Zoom out' });
      for (let step = 0; step < 12 && (await marks.count()) > 0; step += 1) {
        await further.click();
        await page.waitForTimeout(400);
      }
      await page
        .locator('.map')
        .getByRole('button', { name: /2 cameras live/ })
        .waitFor();
      assert.equal(await marks.count(), 0);
      await list.getByRole('button', { name: 'Show on the map' }).click();
      await mark.waitFor();
      await mark.focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: /cam-1/ }).waitFor();
      for (const id of Object.keys(PLACES)) await place(page, origin, id, null);
    },
  };
}
