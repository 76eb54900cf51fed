import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { deriveKeys, parseMasterKey } from '../../src/config/secrets';
import { openLedger } from '../../src/ledger/open';
import { minimalEnv } from '../config/minimal';
import { openDoor } from '../support/http';
import { freshPglite } from '../support/pglite';
import { type CallOptions, call } from './call';
import { CliFolder } from './drive';

const NOBODY = 'http://127.0.0.1:1';
const AT = Date.UTC(2026, 0, 2, 3, 4, 5);

const folder = new CliFolder();
const dataDir = join(folder.path, 'data');
const keys = deriveKeys(parseMasterKey(minimalEnv.PULLCORD_KEY ?? ''));
const ledger = (argv: readonly string[], { url = NOBODY, token = '', env = {} }: Partial<CallOptions> = {}) =>
  call(['--config', folder.config, 'ledger', ...argv], { url, token, env: { ...minimalEnv, ...env } });
const opened = () =>
  openLedger({ config: { dataDir, databaseUrl: undefined }, keys, now: () => AT, onTrouble: () => undefined });

beforeAll(async () => {
  mkdirSync(dataDir, { mode: 0o700 });
  await (await freshPglite(join(dataDir, 'ledger'))).close();
  const written = await opened();
  for (const version of ['1', '2', '3'])
    await written.store.commit(() => ({ entries: [{ kind: 'start', data: { version } }] }));
  await written.close();
});
afterAll(() => folder.remove());

const NO_SMS = 'warning: sms.twilio: left out, so no text message can pull the cord.\n';
const SAYS = `No Pullcord listens at ${NOBODY}: reading the ledger itself.\n${NO_SMS}`;

describe('while no Pullcord serves', () => {
  it('show reads the database itself, without a token', async () => {
    expect(await ledger(['show', '--after', '1', '--limit', '1'])).toEqual({
      code: 0,
      stdout: '2  2026-01-02T03:04:05.000Z  start     {"version":"2"}\n',
      stderr: SAYS,
    });
    const { stdout } = await ledger(['show', '--json']);
    expect(JSON.parse(stdout).lines).toMatchObject([
      { seq: 1 },
      { seq: 2 },
      { seq: 3, kind: 'start', data: { version: '3' } },
    ]);
  });

  it('verify reads all of it', async () => {
    expect(await ledger(['verify'])).toEqual({
      code: 0,
      stdout: 'The ledger is whole: 3 lines, none changed, missing or swapped.\n',
      stderr: SAYS,
    });
  });

  it('a ledger that was never written is said to be none', async () => {
    const env = { PULLCORD_DATA_DIR: join(folder.path, 'elsewhere') };
    expect(await ledger(['verify'], { env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no ledger in'),
    });
    expect(existsSync(env.PULLCORD_DATA_DIR)).toBe(false);
  });

  it('one that a process has is left alone', async () => {
    writeFileSync(join(dataDir, 'lock'), `${process.ppid}\n`);
    expect(await ledger(['verify'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('is in use'),
    });
    rmSync(join(dataDir, 'lock'));
  });

  it('a Postgres that does not answer is said to be so, without its password', async () => {
    const env = { DATABASE_URL: 'postgres://me:the-password@127.0.0.1:1/x' };
    const { code, stderr } = await ledger(['verify'], { env });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/The ledger cannot be read: .*ECONNREFUSED.*Check the database/),
    ]);
    expect(stderr).not.toContain('the-password');
  });

  it('--url asks that Pullcord and no other', async () => {
    expect(await ledger(['verify', '--url', NOBODY], { token: 'n8n' })).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: expect.stringContaining(`Pullcord does not answer at ${NOBODY}`),
    });
  });
});

describe('while one serves', () => {
  it('it is asked, with a token; --offline reads the database all the same', async () => {
    const door = await openDoor();
    try {
      const { url } = door;
      expect(await ledger(['verify'], { url })).toMatchObject({ code: 2, stderr: expect.stringContaining('No token') });
      expect((await ledger(['verify'], { url, token: 'n8n' })).stdout).toContain(': 0 lines');
      expect(await ledger(['verify', '--offline'], { url })).toMatchObject({
        ...{ code: 0, stderr: NO_SMS },
        stdout: expect.stringContaining(': 3 lines'),
      });
    } finally {
      await door.listener.close(100);
    }
  });
});

describe('a ledger that was changed behind our back is bad news', () => {
  const change = async (...statements: readonly string[]): Promise<void> => {
    const db = new PGlite(join(dataDir, 'ledger'));
    for (const statement of statements) await db.query(statement);
    await db.close();
  };

  it('when its newest line is gone: the anchor beside it knows', async () => {
    await change(
      'delete from pullcord.ledger where seq = 3',
      'update pullcord.head set seq = 2, hash = (select hash from pullcord.ledger where seq = 2)',
    );
    expect(await ledger(['verify', '--offline'])).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: expect.stringContaining('line 3 was written (ledger.head says so) but is gone'),
    });
  });

  it('when a line says something else', async () => {
    await change(`update pullcord.ledger set data = '{"version":"9"}' where seq = 2`);
    expect(await ledger(['verify', '--offline'])).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: expect.stringContaining('line 2 was changed, or does not follow the one before it'),
    });
  });
});
