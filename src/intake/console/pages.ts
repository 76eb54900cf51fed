import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

/** The built page, read once: what is served is a closed list, and no path of a request ever reaches the disk. */

export interface Page {
  readonly type: string;
  /** Under a name that changes with its content. */
  readonly immutable: boolean;
  readonly etag: string;
  readonly plain: Buffer;
  readonly br?: Buffer;
  readonly gzip?: Buffer;
}

/** By path under `/console/`. */
export type Pages = ReadonlyMap<string, Page>;

/** From here, and from where the compiler puts it. */
export const BUILT = join(__dirname, '../../../dist/console');
export const INDEX = 'index.html';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
};

/** Undefined where it was not built. */
export function readPages(folder = BUILT): Pages | undefined {
  const files = new Map(filesIn(folder).map((path) => [relative(folder, path).split(sep).join('/'), path]));
  if (!files.has(INDEX)) return undefined;
  const beside = (name: string): Buffer | undefined => {
    const path = files.get(name);
    return path === undefined ? undefined : readFileSync(path);
  };
  const pages = [...files].flatMap(([name, path]): [string, Page][] => {
    const type = types[extname(name)];
    if (type === undefined) return [];
    const plain = readFileSync(path);
    const [br, gzip] = [beside(`${name}.br`), beside(`${name}.gz`)];
    const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
    const immutable = name.startsWith('assets/');
    return [[name, { type, immutable, etag, plain, ...(br ? { br } : {}), ...(gzip ? { gzip } : {}) }]];
  });
  return new Map(pages);
}

function filesIn(folder: string): string[] {
  try {
    const found = readdirSync(folder, { recursive: true, withFileTypes: true });
    return found.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
