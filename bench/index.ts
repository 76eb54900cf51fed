import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Case } from './cases/case';
import { flood } from './cases/flood';
import { memory } from './cases/memory';
import { severRoutes } from './cases/sever-routes';
import { smsToRefused, smsToRefusedInstant } from './cases/sms-to-refused';
import { streamEnd } from './cases/stream-end';
import { tripwireSample } from './cases/tripwire-sample';
import { FOLDER, killChildren } from './children/child';
import type { Result } from './figures';
import { table } from './table';

/** How fast the switch is, and what it takes: each figure beside a floor that was measured in the same run. */
const cases: readonly Case[] = [
  smsToRefused,
  smsToRefusedInstant,
  severRoutes,
  streamEnd,
  flood,
  memory,
  tripwireSample,
];

const USAGE = `npm run bench -- [--only <case>]... [--n <rounds>] [--json] [--cpu-prof <folder>]

cases: ${cases.map(({ name }) => name).join(', ')}
--n          rounds of each case, in place of its own number (memory: orders, tripwire-sample: batches)
--json       the last line is one JSON object: {"cases":[{"name","n","p50","p99","floorP50","ratio",...}]}
--cpu-prof   writes a CPU profile of every Pullcord and gateway into this folder`;

class WrongUse extends Error {}

function readArguments() {
  const options = {
    only: { type: 'string', multiple: true },
    n: { type: 'string' },
    json: { type: 'boolean', default: false },
    'cpu-prof': { type: 'string' },
    help: { type: 'boolean', default: false },
  } as const;
  const { only, n, json, help, 'cpu-prof': cpuProfiles } = parseArgs({ options }).values;
  const unknown = only?.filter((name) => !cases.some((one) => one.name === name)) ?? [];
  if (unknown.length > 0) throw new WrongUse(`There is no case ${unknown.join(', ')}.`);
  if (n !== undefined && !/^[1-9]\d*$/.test(n)) throw new WrongUse('--n takes a whole number above 0.');
  const chosen = cases.filter(({ name }) => only?.includes(name) ?? true);
  return { chosen, json, help, cpuProfiles, n: n === undefined ? undefined : Number(n) };
}

async function bench({ chosen, json, n, cpuProfiles }: ReturnType<typeof readArguments>): Promise<void> {
  const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-bench-'));
  process.env[FOLDER] = folder;
  process.on('exit', () => {
    killChildren();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

  const results: Result[] = [];
  for (const one of chosen) {
    say(`${one.name} …`);
    results.push(...(await one.run({ folder, n, cpuProfiles })));
  }
  say(`\n${table(results)}`);
  if (json) process.stdout.write(`${JSON.stringify({ cases: results }, toMicroseconds)}\n`);
}

const toMicroseconds = (_key: string, value: unknown): unknown =>
  typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;

async function main(): Promise<number> {
  try {
    const asked = readArguments();
    if (asked.help) process.stdout.write(`${USAGE}\n`);
    else await bench(asked);
    return 0;
  } catch (error) {
    const wrongUse = error instanceof WrongUse || (error instanceof TypeError && 'code' in error);
    process.stderr.write(`${wrongUse ? `${error.message}\n\n${USAGE}` : String((error as Error).stack ?? error)}\n`);
    return wrongUse ? 2 : 1;
  }
}

main().then((code) => process.exit(code));
