// A file is uploaded by tus-js-client.
//
//   node tus_client.mjs PACKAGES ENDPOINT KEY FILE OPTIONS
//
// OPTIONS is JSON for the client, and `stopAfter`: it goes away when the server has so many bytes. Each request that it sends is a line on
// the standard output; the last line is the address of the upload.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [packages, endpoint, key, file, options] = process.argv.slice(2);
const tus = createRequire(`${packages}/package.json`)('tus-js-client');
const { stopAfter, ...rest } = JSON.parse(options);

const upload = new tus.Upload(readFileSync(file), {
  endpoint,
  headers: { authorization: `Bearer ${key}` },
  retryDelays: null,
  ...rest,
  onBeforeRequest: (request) => console.log(request.getMethod()),
  onChunkComplete: async (_, accepted) => {
    if (stopAfter !== undefined && accepted >= stopAfter) {
      await upload.abort();
      console.log(upload.url);
      process.exit(0);
    }
  },
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: () => console.log(upload.url),
});
upload.start();
