// Packages that end up in the browser have licences that let us ship them. Run it after a build.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const allowed = /^(MIT|ISC|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|0BSD|BlueOak-1\.0\.0|CC-BY-4\.0)$/;
const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const shipped = JSON.parse(readFileSync(join(process.env.VRU_WEB_OUT ?? 'dist', '.vite/packages.json'), 'utf8'));
const problems = [];

for (const [path, entry] of Object.entries(lock.packages)) {
  if (/^https?:\/\/(?!registry\.npmjs\.org\/)/.test(entry.resolved ?? '')) {
    problems.push(`${path}: comes from ${entry.resolved}`);
  }
}
for (const name of shipped) {
  const entries = Object.entries(lock.packages).filter(([path]) => path.endsWith(`node_modules/${name}`));
  if (entries.length === 0) problems.push(`${name}: is not in package-lock.json`);
  for (const [path, { license }] of entries) {
    const words = String(license ?? 'none').replaceAll(/[()]/g, '');
    const fits = words.includes(' OR ')
      ? words.split(' OR ').some((word) => allowed.test(word))
      : words.split(' AND ').every((word) => allowed.test(word));
    if (!fits) problems.push(`${path}: its licence is ${words}`);
  }
}
for (const problem of problems) console.error(problem);
if (shipped.length === 0) console.error('the build has no packages');
process.exit(problems.length > 0 || shipped.length === 0 ? 1 : 0);
