// tsc leaves everything but TypeScript behind: SQL and Lua stand in files of their own and are read at start.
import { cpSync } from 'node:fs';

const [to = 'dist'] = process.argv.slice(2);
cpSync('src', to, { recursive: true, filter: (path) => !/\.ts$/.test(path) });
