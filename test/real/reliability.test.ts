import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Cell, type ComponentName, cells, nameOf } from '../reliability/matrix/components';
import { type Played, run } from '../reliability/matrix/run';
import { type Home, startStage } from '../reliability/matrix/stage';
import { written } from '../reliability/matrix/table';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/** All cells, or those whose names fit: `CELLS='^Redis, hang' npm run test:real -- reliability`. */
const wanted = new RegExp(process.env.CELLS ?? '');
const chosen: readonly Cell[] = cells.filter((cell) => wanted.test(nameOf(cell)));
const LANES = 14;
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
  played = await run({
    ...{ cells: chosen, lanes: LANES },
    onPlayed: (one) => process.env.PLAYED && appendFileSync(process.env.PLAYED, `${JSON.stringify(one)}\n`),
    start: async (component) => startStage(component, await homeOf(component), PACE),
  });
  if (process.env.MATRIX_WRITE) writeFileSync(DOCUMENT, written(readFileSync(DOCUMENT, 'utf8'), played.values()));
}, 1_800_000);
afterAll(() => Promise.all([postgres?.remove(), redis?.remove()]));

it.each(chosen.map((cell) => [nameOf(cell)]))('%s', (name) => {
  expect(played.get(name)).toMatchObject({ broken: [] });
});
