// Every page at the widths of a phone and of a wall; the other steps look at each at that of a desk.
import { ask } from './asking.mjs';
import { layoutFaults } from './layout.mjs';
import { everyPage, settle } from './pages.mjs';

const SIZES = [
  { width: 390, height: 844 },
  { width: 2560, height: 1440 },
];

export function widthSteps(siteId) {
  return {
    async 'every page fits a phone and a wall'({ page, origin, faults }) {
      const before = page.viewportSize();
      const path = `${origin}/api/v1/sites/${siteId()}`;
      const newest = async (kind) => (await ask(page, `${path}/${kind}?limit=1`)).items[0].id;
      const [alert, track, upload] = [await newest('alerts'), await newest('tracks'), await newest('uploads')];
      for (const [name, address] of Object.entries(everyPage({ site: siteId(), alert, track, upload }))) {
        await page.setViewportSize(SIZES[0]);
        await page.goto(origin + address);
        await settle(page);
        for (const size of SIZES) {
          await page.setViewportSize(size);
          for (const fault of await layoutFaults(page)) faults.push(`${name}, ${size.width} px: ${fault}`);
        }
      }
      await page.setViewportSize(before);
    },
  };
}
