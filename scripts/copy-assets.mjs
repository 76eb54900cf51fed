// tsc leaves everything but TypeScript behind: SQL and Lua stand in files of their own and are read at start. The
// console's page is not for Node: Vite builds it.
import { cpSync } from 'node:fs';
import { join } from 'node:path';

const page = join('src', 'console', 'web');

const [to = 'dist'] = process.argv.slice(2);
cpSync('src', to, { recursive: true, filter: (path) => !/\.ts$/.test(path) && path !== page });
