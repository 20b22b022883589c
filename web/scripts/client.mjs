// Writes the types of the API from its OpenAPI document; with --check, says whether they match it.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const document = JSON.parse(readFileSync(new URL('../../api/openapi.json', import.meta.url), 'utf8'));
const target = new URL('../src/shared/api/schema.d.ts', import.meta.url);

// Types are found by path: the ids of operations would only make the file longer.
for (const path of Object.values(document.paths)) {
  for (const operation of Object.values(path)) delete operation.operationId;
}
const text = `// Made from api/openapi.json by \`npm run client\`.\n${astToString(await openapiTS(document))}`;
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/shared/api/schema.d.ts does not match api/openapi.json: run `npm run client`');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
