import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync, constants as zlib } from 'node:zlib';
import type { Plugin } from 'vite';

/** Of all scripts together, as gzip makes them: brotli, which browsers get, is smaller. Bytes. */
const BUDGET = 100_000;

const COMPRESSIBLE = /\.(js|css|html|svg|webmanifest)$/;

/** The worker that keeps the shell is told its files, and changes whenever one of them does. */
export function serviceWorker(root: string): Plugin {
  return {
    name: 'pullcord:service-worker',
    generateBundle(_options, bundle) {
      const shell = Object.keys(bundle)
        .filter((name) => /\.(js|css)$/.test(name))
        .sort();
      const source = readFileSync(join(root, 'sw.js'), 'utf8').replace('[/* the shell */]', JSON.stringify(shell));
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}

/** Beside each file what a browser is sent of it: nothing is compressed while somebody waits. */
export function precompressed(): Plugin {
  return {
    name: 'pullcord:precompressed',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const [fileName, file] of Object.entries(bundle)) {
          if (!COMPRESSIBLE.test(fileName)) continue;
          const plain = Buffer.from(file.type === 'chunk' ? file.code : file.source);
          const params = { [zlib.BROTLI_PARAM_QUALITY]: zlib.BROTLI_MAX_QUALITY };
          this.emitFile({ type: 'asset', fileName: `${fileName}.br`, source: brotliCompressSync(plain, { params }) });
          this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(plain, { level: 9 }) });
        }
      },
    },
  };
}

/** A page for a slow phone: what makes its scripts too large breaks the build. */
export function budget(): Plugin {
  return {
    name: 'pullcord:budget',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const scripts = Object.values(bundle).filter(({ fileName }) => fileName.endsWith('.js'));
        const size = (code: string | Uint8Array): number => gzipSync(code, { level: 9 }).length;
        const bytes = scripts.reduce((all, file) => all + size(file.type === 'chunk' ? file.code : file.source), 0);
        if (bytes > BUDGET)
          this.error(
            `The console's scripts are ${bytes} bytes compressed, ${BUDGET} are allowed: leave something out.`,
          );
        this.info(`the console's scripts are ${bytes} of ${BUDGET} bytes, compressed`);
      },
    },
  };
}
