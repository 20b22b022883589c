import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// The API of a program that runs here: `vru demo` or `vru up`.
const api = process.env.VRU_API ?? 'http://127.0.0.1:8000';

/** Lists the packages of which a part is in the app, for the check of licences. */
function packages(): Plugin {
  return {
    name: 'packages',
    generateBundle(_, bundle) {
      const names = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        for (const id of chunk.type === 'chunk' ? Object.keys(chunk.modules) : []) {
          const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1];
          if (name) names.add(name);
        }
      }
      this.emitFile({ type: 'asset', fileName: '.vite/packages.json', source: JSON.stringify([...names].sort()) });
    },
  };
}

export default defineConfig({
  plugins: [react(), packages()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  // The API puts a new nonce here for each page.
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    outDir: process.env.VRU_WEB_OUT ?? 'dist',
    emptyOutDir: true,
    // `light-dark()` and what else the styles use is there since 2024.
    target: ['chrome123', 'firefox125', 'safari17.5'],
    // A picture inside a script needs `data:` in more policies than pictures do.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    // The map and the charts, which are loaded with the first page that has one.
    chunkSizeWarningLimit: 1200,
  },
  // The user guide is in docs/.
  server: { fs: { allow: ['..'] }, proxy: { '/api': { target: api, changeOrigin: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
