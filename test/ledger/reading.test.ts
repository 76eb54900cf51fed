import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirInUse } from '../../src/ledger/data-dir';
import { NoLedger } from '../../src/ledger/embedded-copy';
import { openLedger } from '../../src/ledger/open';
import { readLedger } from '../../src/ledger/reading';
import { keys } from '../operators/people';
import { freshPglite } from '../support/pglite';

const folder = mkdtempSync(join(tmpdir(), 'pullcord-reading-'));
const [dataDir, scratchDir] = [join(folder, 'data'), join(folder, 'scratch')];
const config = { dataDir, databaseUrl: undefined };
const now = (): number => 0;
const read = (from = dataDir) =>
  readLedger({ config: { ...config, dataDir: from }, keys, now, timeoutMs: 2_000, scratchDir });

beforeAll(async () => {
  for (const made of [dataDir, scratchDir]) mkdirSync(made);
  await (await freshPglite(join(dataDir, 'ledger'))).close();
  const ledger = await openLedger({ config, keys, now, onTrouble: () => undefined });
  await ledger.store.commit(() => ({ entries: [{ kind: 'start', data: {} }] }));
  await ledger.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

it('reads what was written, from a copy that goes when it is closed', async () => {
  const reading = await read();
  expect((await reading.store.refresh()).head.seq).toBe(1);
  expect(reading.anchor.read()?.seq).toBe(1);
  expect(readdirSync(scratchDir)).toHaveLength(1);
  await reading.close();
  expect(readdirSync(scratchDir)).toEqual([]);
});

it('writes into the copy alone', async () => {
  const reading = await read();
  await reading.store.commit(() => ({ entries: [{ kind: 'stop', data: {} }] }));
  await reading.close();
  const again = await read();
  expect((await again.store.refresh()).head.seq).toBe(1);
  await again.close();
});

const locked = (pid: number): void => writeFileSync(join(dataDir, 'lock'), `${pid}\n`);

describe('a ledger with a lock', () => {
  afterEach(() => rmSync(join(dataDir, 'lock'), { force: true }));

  it('is left alone while the process lives', async () => {
    locked(process.ppid);
    await expect(read()).rejects.toThrow(`is in use by process ${process.ppid}`);
    await expect(read()).rejects.toThrow(DataDirInUse);
    expect(readdirSync(scratchDir)).toEqual([]);
  });

  it('is read when Pullcord was killed, and the lock stays', async () => {
    locked(2 ** 22 - 1);
    const reading = await read();
    expect((await reading.store.refresh()).head.seq).toBe(1);
    await reading.close();
    expect(readFileSync(join(dataDir, 'lock'), 'utf8')).toBe(`${2 ** 22 - 1}\n`);
  });
});

it('one that changes while it is copied is in use, though nobody is seen', async () => {
  const file = join(dataDir, 'ledger', 'PG_VERSION');
  const text = readFileSync(file, 'utf8');
  const writing = setInterval(() => writeFileSync(file, text), 1);
  await expect(read()).rejects.toThrow(/is in use by a process that cannot be seen from here/);
  clearInterval(writing);
  expect(readdirSync(scratchDir)).toEqual([]);
});

it('makes none where there is none', async () => {
  const nowhere = join(folder, 'nowhere');
  await expect(read(nowhere)).rejects.toThrow(NoLedger);
  expect(readdirSync(folder).sort()).toEqual(['data', 'scratch']);
});

it('leaves no copy of one that cannot be opened', async () => {
  mkdirSync(join(folder, 'broken', 'ledger', 'base'), { recursive: true });
  writeFileSync(join(folder, 'broken', 'ledger', 'PG_VERSION'), '18\n');
  await expect(read(join(folder, 'broken'))).rejects.toThrow();
  expect(readdirSync(scratchDir)).toEqual([]);
});
