// Asks the API as the browser does, and waits.
import assert from 'node:assert/strict';

export async function ask(page, path, options) {
  const answer = await page.request.fetch(path, options);
  assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}

export async function until(what, condition, patience = 20_000) {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not in ${patience / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
