// What appears only when somebody asks for it: questions before something is gone, what is shown once, and what was refused.

const DAY_MS = 86_400_000;

/** By what it is called in file names: the page, and what is done there. `places` as in `everyPage`. */
export function everyDialog({ site, alert }) {
  const at = `/sites/${site}`;
  const add = (page) => page.getByRole('button', { name: 'Add', exact: true });
  return {
    menu: {
      path: `${at}/cameras`,
      // The pages are always there on a wider screen.
      widths: [390],
      async open(page) {
        await page.getByRole('button', { name: 'Menu' }).click();
        await page.getByRole('link', { name: 'Your account' }).waitFor();
      },
    },
    dismiss: {
      path: `${at}/alerts?state=all&alert=${alert}`,
      async open(page) {
        await page.getByRole('button', { name: 'Dismiss (D)' }).click();
        await page.getByRole('dialog').getByText('Something else').click();
      },
    },
    'delete-data': {
      path: `${at}/data`,
      async open(page) {
        const local = (ms) => new Date(ms).toISOString().slice(0, 16);
        await page
          .locator('input[type=datetime-local]')
          .first()
          .fill(local(Date.now() - 2 * DAY_MS));
        await page
          .locator('input[type=datetime-local]')
          .last()
          .fill(local(Date.now() - DAY_MS));
        await page.getByRole('button', { name: 'Delete …' }).click();
        await page.getByRole('dialog').waitFor();
      },
    },
    'remove-upload': {
      path: `${at}/uploads`,
      open: (page) => page.getByRole('button', { name: 'Remove' }).first().click(),
    },
    'shorter-retention': {
      path: `${at}/settings`,
      async open(page) {
        await page.getByLabel(/^Counts/).fill('1');
        await page.getByLabel(/^Delete for good/).waitFor();
      },
    },
    'new-key': {
      path: `${at}/keys`,
      async open(page) {
        for (const [index, name] of ['planning office', 'signal controller'].entries()) {
          await page.getByLabel(/^Name/).nth(index).fill(name);
          await add(page).nth(index).click();
        }
        await page.locator('.secret').nth(2).waitFor();
      },
    },
    'new-webhook': {
      path: `${at}/webhooks`,
      async open(page) {
        await page.getByLabel(/^Name/).fill('Control room');
        await page.getByLabel(/^Address/).fill('https://control.example.org/vru/alerts');
        await add(page).click();
        await page.getByText('Keep this secret now').waitFor();
      },
    },
    'refused-member': {
      path: `${at}/members`,
      async open(page) {
        await page.getByLabel(/^User name/).fill('nobody-of-this-name');
        await add(page).click();
        await page.getByRole('alert').waitFor();
      },
    },
    'refused-password': {
      path: '/account',
      async open(page) {
        await page.getByLabel(/^Current password/).fill('this is not the password');
        await page.getByLabel(/^New password/).fill('a longer new password');
        await page.getByRole('button', { name: 'Change' }).click();
        await page.getByRole('alert').waitFor();
      },
    },
    'refused-site': {
      path: '/new-site',
      async open(page) {
        await page.getByLabel(/^Name/).fill('Harbour crossing');
        await page.getByRole('combobox', { name: /^Time zone/ }).fill('Europe/Nowhere');
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: 'Add the site' }).click();
        await page.getByRole('alert').waitFor();
      },
    },
    'refused-camera': {
      path: `${at}/cameras/new`,
      async open(page) {
        await page
          .getByLabel(/^Address/)
          .first()
          .fill('rtsp://127.0.0.1:9/none');
        await page.getByRole('button', { name: /^Test/ }).click();
        await page.getByText(/^No picture/).waitFor({ timeout: 60_000 });
      },
    },
  };
}
