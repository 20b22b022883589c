// The first load, compressed: what index.html names and what that imports, without what is loaded later.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT = 250 * 1024;
const folder = process.env.VRU_WEB_OUT ?? 'dist';
const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8'));
const files = new Set(['index.html']);
function add(key) {
  const chunk = manifest[key];
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const style of chunk.css ?? []) files.add(style);
  for (const next of chunk.imports ?? []) add(next);
}
for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) add(key);
let total = 0;
for (const file of files) total += gzipSync(readFileSync(join(folder, file))).length;
console.log(`first load: ${(total / 1024).toFixed(0)} KB of ${LIMIT / 1024} KB gzip in ${files.size} files`);
process.exit(total > LIMIT || files.size < 2 ? 1 : 0);
