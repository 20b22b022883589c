// Every page of the app, for what is to be seen of each.

/** What each page is called in file names, and its address. `site` has cameras; ids are of something that exists there. */
export function everyPage({ site, track, alert, upload }) {
  const at = `/sites/${site}`;
  return {
    cameras: `${at}/cameras`,
    wall: `${at}/wall`,
    camera: `${at}/cameras/cam-1`,
    'camera-edit': `${at}/cameras/cam-1/edit`,
    'camera-new': `${at}/cameras/new`,
    alerts: `${at}/alerts?state=all`,
    alert: `${at}/alerts?state=all&alert=${alert}`,
    tracks: `${at}/tracks`,
    track: `${at}/tracks/${encodeURIComponent(track)}`,
    statistics: `${at}/statistics?span=hour`,
    uploads: `${at}/uploads`,
    upload: `${at}/uploads/${upload}`,
    settings: `${at}/settings`,
    members: `${at}/members`,
    keys: `${at}/keys`,
    webhooks: `${at}/webhooks`,
    data: `${at}/data`,
    audit: `${at}/audit`,
    map: '/map',
    system: '/system',
    users: '/users',
    'new-site': '/new-site',
    account: '/account',
    guide: '/guide',
    'guide-page': '/guide/live',
    'sign-in': '/sign-in',
    welcome: '/welcome',
    missing: '/no-such-page',
  };
}

/** Resolves when a page shows what it will show. A page that waits for ever, as one of a server that is away, is shown as it is. */
export async function settle(page, patience = 6_000) {
  const calm = () =>
    document.querySelector('h1, h2, [role=status]') !== null &&
    document.querySelector('[role=status][aria-label]:has(.mantine-Skeleton-root)') === null &&
    (document.querySelector('.live') === null || document.querySelector('.live[data-waiting=false]') !== null) &&
    (document.querySelector('.map') === null || document.querySelector('.map[data-drawn]') !== null) &&
    [...document.images].every((image) => image.complete) &&
    [...document.querySelectorAll('.chart')].every((chart) => chart.querySelector('canvas') !== null);
  await page.waitForFunction(calm, undefined, { timeout: patience }).catch(() => undefined);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
