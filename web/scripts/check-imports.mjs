// Imports go one way: app → features → shared. A feature does not import another one, so that each can be read alone.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../src', import.meta.url));
const layers = { shared: 0, features: 1, app: 2 };

function place(path) {
  const [layer, feature] = relative(root, path).split('/');
  return { layer, feature: layer === 'features' ? feature : undefined };
}

const problems = [];
const files = readdirSync(root, { recursive: true }).filter((name) => /\.tsx?$/.test(name));
for (const name of files) {
  const path = join(root, name);
  const from = place(path);
  for (const [, target] of readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    const found = target.startsWith('@/')
      ? join(root, target.slice(2))
      : target.startsWith('.')
        ? resolve(dirname(path), target)
        : undefined;
    if (!found) continue;
    const to = place(found);
    if (!(to.layer in layers)) problems.push(`${name}: ${target} is outside of src/`);
    else if (layers[to.layer] > layers[from.layer]) problems.push(`${name}: ${from.layer} must not import ${target}`);
    else if (from.feature && to.feature && from.feature !== to.feature)
      problems.push(`${name}: feature ${from.feature} must not import feature ${to.feature}`);
  }
}
for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 || files.length === 0 ? 1 : 0);
