// A demo of its own for the tests: started with an empty data folder, stopped at the end.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const START_MS = 120_000;
const STOP_MS = 60_000;

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Resolves to the one-time link, and what stops the demo. */
export async function startDemo(program) {
  // The private PostgreSQL of root runs under another account, which must reach the folder.
  const home = mkdtempSync(join('/var/tmp', 'vru-web-'));
  chmodSync(home, 0o755);
  const data = join(home, 'demo');
  const child = spawn(program, ['demo', '--data', data, '--port', String(await freePort())], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const link = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the demo does not start:\n${output}`)), START_MS);
    const read = (chunk) => {
      output += chunk;
      const found = /(http:\/\/\S+\/welcome#\w+)/.exec(output);
      // The link comes before the cameras.
      if (found && output.includes('send over RTSP')) {
        clearTimeout(late);
        resolve(found[1]);
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${output}`)));
  });
  return {
    link,
    home,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(late);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
