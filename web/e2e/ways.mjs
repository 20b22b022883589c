// Whatever the server denies, one can go on from where one is: the filters, and the way back.
import { ask } from './asking.mjs';
import { settle } from './pages.mjs';
import { denied } from './states.mjs';

export function waySteps(siteId) {
  return {
    async 'what is denied is said once, and takes no way on from a page'({ page, origin, faults }) {
      const before = page.viewportSize();
      const path = `${origin}/api/v1/sites/${siteId()}`;
      const at = `${origin}/sites/${siteId()}`;
      const newest = async (kind) => (await ask(page, `${path}/${kind}?limit=1`)).items[0].id;
      const [alert, track, upload] = [await newest('alerts'), await newest('tracks'), await newest('uploads')];
      await page.setViewportSize({ width: 390, height: 844 });
      await page.route('**/api/v1/**', denied);
      const link = (name) => page.getByRole('main').getByRole('link', { name });
      try {
        // What one goes on with from each page.
        for (const [address, way] of [
          ['alerts?state=all', page.getByLabel('Severity')],
          [`alerts?state=all&alert=${alert}`, page.getByRole('button', { name: 'Back to the list' })],
          ['tracks', page.getByLabel('Road user')],
          [`tracks/${encodeURIComponent(track)}`, link('To the search')],
          ['statistics', page.getByLabel('Split by')],
          ['cameras/cam-1', link('To the cameras of the site')],
          ['cameras/cam-1/edit', link('To the camera')],
          [`uploads/${upload}`, link('To the uploads')],
          ['settings', undefined],
          ['keys', page.getByRole('button', { name: 'Add' })],
        ]) {
          await page.goto(`${at}/${address}`);
          const said = page.getByRole('alert').getByText('You may not see this').filter({ visible: true });
          await said.first().waitFor();
          await way?.first().waitFor();
          // One part may have failed before another has begun to ask.
          await settle(page);
          await said.first().waitFor();
          if ((await said.count()) !== 1) faults.push(`${address} says ${await said.count()} times what is denied`);
        }
      } finally {
        await page.unroute('**/api/v1/**');
        await page.setViewportSize(before);
      }
      // The browser reports each answer that was denied.
      faults.splice(0, faults.length, ...faults.filter((fault) => !/Failed to load resource|WebSocket/.test(fault)));
    },
  };
}
