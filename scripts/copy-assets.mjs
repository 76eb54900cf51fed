// tsc leaves everything but TypeScript behind: SQL and Lua stand in files of their own and are read at start.
import { cpSync } from 'node:fs';

cpSync('src', 'dist', { recursive: true, filter: (path) => !/\.ts$/.test(path) });
