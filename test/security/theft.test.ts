import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveKeys, type Keys } from '../../src/config/secrets';
import { type Ledger, openLedger } from '../../src/ledger/open';
import { records } from '../../src/ledger/records';
import { createSqlOutbox } from '../../src/notify/events/sql-outbox';
import { makeBackupCodes } from '../../src/operators/backup-codes';
import { openOperatorsFile } from '../../src/operators/file';
import { freshPglite } from '../support/pglite';

/** Threat: the data folder is stolen, with the database in it; or all of it but the key is put back from a copy. */

const folder = mkdtempSync(join(tmpdir(), 'pullcord-theft-'));
const dataDir = join(folder, 'data');
const config = { dataDir, databaseUrl: undefined };
const keys = deriveKeys(randomBytes(32));
const PROVIDER_KEY = 'sk-provider-0123456789abcdef';
const RECEIVER = 'https://n8n.example.org/webhook/4f1c-secret-path';
const SIGNING = 'whsec-0123456789abcdef';
const TOTP = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const snapshot = {
  ...{ gateway: 'main', route: 'r1' },
  before: { id: 'r1', uri: '/v1/*', plugins: { 'proxy-rewrite': { headers: { authorization: PROVIDER_KEY } } } },
  written: { id: 'r1', status: 0 },
};
const { printed, kept } = makeBackupCodes(keys.backupCodes);

const openAs = (own: Keys): Promise<Ledger> =>
  openLedger({ config, keys: own, now: Date.now, onTrouble: () => undefined });

beforeAll(async () => {
  mkdirSync(dataDir);
  await (await freshPglite(join(dataDir, 'ledger'))).close();
  const ledger = await openAs(keys);
  await ledger.store.commit(() => ({ entries: [{ kind: 'start', data: {} }] }));
  await ledger.store.saveSnapshot(snapshot);
  await ledger.store.remember('litellm', { key: PROVIDER_KEY });
  const outbox = createSqlOutbox({ database: ledger.database, sealer: ledger.sealer, timeoutMs: 10_000 });
  const subscription = { id: '00000000-0000-4000-8000-000000000001', token: 'n8n', url: RECEIVER, secret: SIGNING };
  await outbox.subscribe({ ...subscription, events: ['severed'], createdAt: 0 }, [], []);
  await ledger.close();
  openOperatorsFile({
    ...{ path: join(dataDir, 'operators.json'), keys, now: Date.now },
    onTrouble: () => undefined,
  }).change(() => [
    { name: 'alice', phones: ['+15550100001'], rights: ['stop', 'restore'], totpSecret: TOTP, backupCodes: kept },
  ]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const files = (): readonly string[] =>
  readdirSync(dataDir, { recursive: true })
    .map((name) => join(dataDir, String(name)))
    .filter((path) => statSync(path).isFile());

describe('a data folder that was stolen', () => {
  const [code = ''] = printed;
  const secrets = [PROVIDER_KEY, '4f1c-secret-path', SIGNING, TOTP, code, code.replaceAll(' ', '')];
  // Written down in another way it would be as readable.
  const spellings = (secret: string): readonly Buffer[] =>
    (['utf8', 'utf16le'] as const)
      .map((encoding) => Buffer.from(secret, encoding))
      .concat(
        ['base64', 'hex'].map((encoding) =>
          Buffer.from(
            Buffer.from(secret)
              .toString(encoding as 'hex')
              .slice(0, -4),
          ),
        ),
      );

  it('shows no provider key, no address of a receiver, no secret of an operator and no backup code', () => {
    const all = files();
    expect(all.length).toBeGreaterThan(50);
    let bytes = 0;
    for (const path of all) {
      const content = readFileSync(path);
      bytes += content.length;
      for (const secret of secrets)
        for (const spelling of spellings(secret)) expect([path, content.includes(spelling)]).toEqual([path, false]);
    }
    expect(bytes).toBeGreaterThan(1_000_000);
  });

  it('shows what the ledger is to show: this search does find what is there', () => {
    expect(files().some((path) => readFileSync(path).includes('+15550100001'))).toBe(true);
    expect(files().some((path) => readFileSync(path).includes('r1'))).toBe(true);
  });

  it('is for its owner alone where Pullcord writes secrets itself', () => {
    expect(statSync(join(dataDir, 'operators.json')).mode & 0o077).toBe(0);
  });

  it('opens with no other key: neither snapshots, nor what cutters remember, nor operators; its chain is foreign', async () => {
    const thief = deriveKeys(randomBytes(32));
    const ledger = await openAs(thief);
    try {
      await expect(ledger.store.snapshots('main')).rejects.toThrow('does not open');
      await expect(ledger.store.recall('litellm')).rejects.toThrow('does not open');
      const outbox = createSqlOutbox({ database: ledger.database, sealer: ledger.sealer, timeoutMs: 10_000 });
      expect(await outbox.subscriptions()).toMatchObject({ open: [], sealed: [{ token: 'n8n' }] });
      const verdict = await records(ledger.store, thief.ledger, ledger.anchor).verify();
      expect(verdict).toMatchObject({ ok: false, faults: [expect.stringContaining('line 1')] });
    } finally {
      await ledger.close();
    }
    const told: string[] = [];
    const theirs = openOperatorsFile({
      ...{ path: join(dataDir, 'operators.json'), keys: thief, now: Date.now },
      onTrouble: (text) => void told.push(text),
    });
    expect(theirs.all()).toEqual([]);
    expect(told).toHaveLength(1);
    expect(theirs.byBackupCode(printed[0]?.replaceAll(' ', '') ?? '')).toBeUndefined();
  });

  it('opens with the right one', async () => {
    const ledger = await openAs(keys);
    try {
      expect(await ledger.store.snapshots('main')).toEqual([snapshot]);
      expect(await ledger.store.recall('litellm')).toEqual({ key: PROVIDER_KEY });
      expect(await records(ledger.store, keys.ledger, ledger.anchor).verify()).toMatchObject({ ok: true });
    } finally {
      await ledger.close();
    }
  });
});
