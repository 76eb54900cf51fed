import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vite';
import { budget, precompressed, serviceWorker } from './build/pages.mts';

const root = import.meta.dirname;
const outDir = join(root, '../../../dist/console');

/** The console's page, for the CSP under which it is served: no inline script or style, nothing from another host. */
export default defineConfig(({ command }) => {
  // The folder may hold more than the page: only what an earlier build left of the page goes.
  if (command === 'build') rmSync(join(outDir, 'assets'), { recursive: true, force: true });
  return {
    root,
    base: '/console/',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2022',
      // A data: URL is what the CSP forbids.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      // What is bundled goes out with its terms.
      license: { fileName: 'licences.md' },
    },
    plugins: [serviceWorker(root), precompressed(), budget()],
    logLevel: 'warn',
    clearScreen: false,
  };
});
