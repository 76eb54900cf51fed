import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Cell, type ComponentName, cells, KNOWN, nameOf } from '../reliability/matrix/components';
import { type Played, run } from '../reliability/matrix/run';
import { type Home, startStage } from '../reliability/matrix/stage';
import { written } from '../reliability/matrix/table';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/** `npm run matrix` plays all, `CELLS='^Redis, hang'` those whose names fit, and `npm run test:real` one in three. */
const { CELLS, MATRIX_WRITE } = process.env;
const SHARE = CELLS === undefined && MATRIX_WRITE === undefined ? 3 : 1;
const wanted = new RegExp(CELLS ?? '');
const chosen: readonly Cell[] = cells.filter(
  (cell, index) => index % SHARE === 0 && wanted.test(nameOf(cell)) && (SHARE === 1 || !KNOWN.has(nameOf(cell))),
);
const LANES = Number(process.env.LANES ?? 8);
const DOCUMENT = join(__dirname, '../../docs/reliability.md');
const PACE = { faultMs: 3_000, timeoutMs: 2_000 };

let postgres: Server;
let redis: Server;
let played: ReadonlyMap<string, Played>;

/** The embedded database where it is the one that fails; else a fresh database of its own on one server. */
const databases: string[] = [];
async function homeOf(component: ComponentName): Promise<Home> {
  if (component === 'embedded ledger') return {};
  const name = `matrix_${databases.length}`;
  databases.push(name);
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const databaseUrl = Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
  return component === 'Redis' ? { databaseUrl, redisUrl: `${redis.url}/${databases.length}` } : { databaseUrl };
}

beforeAll(async () => {
  [postgres, redis] = await Promise.all([
    startPostgres({ max_connections: '400' }),
    startRedis(['--databases', '100']),
  ]);
  const start = async (component: ComponentName) => startStage(component, await homeOf(component), PACE);
  const first = await run({ cells: chosen, lanes: LANES, start });
  // Eight installations at once starve each other: what did not hold among them has to hold by itself.
  const again = chosen.filter((cell) => (first.get(nameOf(cell))?.broken.length ?? 1) > 0);
  played = new Map([...first, ...(again.length > 0 ? await run({ cells: again, lanes: 1, start }) : [])]);
  if (MATRIX_WRITE) writeFileSync(DOCUMENT, written(readFileSync(DOCUMENT, 'utf8'), played.values()));
}, 1_800_000);
afterAll(() => Promise.all([postgres?.remove(), redis?.remove()]));

it.each(chosen.map((cell) => [nameOf(cell)]))('%s', (name) => {
  expect(played.get(name)).toMatchObject({ broken: [] });
});
