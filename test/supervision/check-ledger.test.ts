import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ledger, openLedger } from '../../src/ledger/open';
import type { Change } from '../../src/ledger/store';
import { secretOf, tokenOf } from '../support/http';
import { type Installation, LOCAL, startInstallation, wrong } from '../support/installation';
import { freshPglite } from '../support/pglite';
import { startToyRedis, type ToyRedis } from '../support/toy-redis';

let one: Installation;
beforeAll(async () => {
  one = await startInstallation();
});
afterAll(() => one.close());

/** As it is when Pullcord does not serve. */
const AWAY = 'warning service: Pullcord does not serve at http://127.0.0.1:1';
const whileAway = (now = Date.now) => one.check({ listen: { ...one.config.listen, internal: '127.0.0.1:1' } }, { now });
const adviceOf = (findings: Awaited<ReturnType<typeof whileAway>>): string =>
  findings.find(({ level }) => level === 'fault')?.advice ?? '';

describe('the embedded ledger', () => {
  const onTrouble = (_key: string, text: string): void => expect(text).toBe('none');
  const opened = (now = Date.now): Promise<Ledger> =>
    openLedger({ config: { dataDir: one.dataDir, databaseUrl: undefined }, keys: one.keys, now, onTrouble });
  const commit = async (change: Partial<Change>, now = Date.now): Promise<void> => {
    const ledger = await opened(now);
    await ledger.store.commit(() => ({ entries: [{ kind: 'start', data: {} }], ...change }));
    await ledger.close();
  };
  const everyFile = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return everyFile(path);
      return [`${path} ${statSync(path).mtimeMs} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`];
    });

  beforeAll(async () => {
    await (await freshPglite(join(one.dataDir, 'ledger'))).close();
    await commit({});
  });

  it('is read when nobody has it, and not one byte of it is changed', async () => {
    const before = everyFile(one.dataDir);
    const findings = await whileAway();
    expect(wrong(findings)).toEqual([LOCAL, AWAY]);
    expect(findings.find(({ check }) => check === 'ledger')?.what).toMatch(
      /^embedded in .*: 1 lines, answers after \d+ ms$/,
    );
    expect(findings.map(({ what }) => what)).toContain('alice has 10 unused backup codes');
    expect(everyFile(one.dataDir)).toEqual(before);
  });

  it('tells which backup codes were used', async () => {
    const alice = one.operators.byName('alice');
    await commit({ backupCodesUsed: alice?.backupCodes.slice(0, 8).map(({ id }) => id) ?? [] });
    expect(wrong(await whileAway())).toEqual([
      'warning operators: alice has 2 unused backup codes: without the own phone there is soon no stop',
      LOCAL,
      AWAY,
    ]);
    one.operators.change((all) =>
      all.map((person) => ({ ...person, backupCodes: one.operators.byName('bob')?.backupCodes ?? [] })),
    );
  });

  it('is left alone while somebody has it', async () => {
    writeFileSync(join(one.dataDir, 'lock'), `${process.ppid}\n`);
    expect(wrong(await whileAway())).toEqual([
      LOCAL,
      expect.stringMatching(/^warning ledger: .* was not looked at: .* is in use/),
      AWAY,
    ]);
    rmSync(join(one.dataDir, 'lock'));
  });

  it('is not looked into while Pullcord serves: that is asked', async () => {
    expect((await one.check()).find(({ check }) => check === 'ledger')?.what).toMatch(
      /the Pullcord that serves has it$/,
    );
    one.readiness = {
      state: 'degraded',
      parts: [{ name: 'ledger', ok: false, detail: 'The ledger does not answer.' }],
    };
    expect(wrong(await one.check())).toContainEqual(
      `fault ledger: embedded in ${one.dataDir}: The ledger does not answer.`,
    );
    one.readiness = { state: 'armed', parts: [{ name: 'ledger', ok: true, detail: '' }] };
  });

  it('that lost its newest lines is a fault', async () => {
    const anchor = join(one.dataDir, 'ledger.head');
    const before = readFileSync(anchor);
    writeFileSync(anchor, JSON.stringify({ seq: 99, hash: 'ab' }));
    const findings = await whileAway();
    expect(wrong(findings)).toContainEqual(
      `fault ledger: embedded in ${one.dataDir} lost its newest lines: it ends at line 2`,
    );
    expect(adviceOf(findings)).toContain('pullcord ledger verify');
    writeFileSync(anchor, before);
  });

  it('shows a clock that went back', async () => {
    const later = Date.now() + 3_600_000;
    const step = Math.floor(later / 30_000);
    await commit({ operators: [{ operator: 'alice', lastStep: step, failures: [] }] }, () => later);
    expect(wrong(await whileAway())).toEqual([
      expect.stringMatching(
        /^fault clock: 3\d\d\d s behind the ledger's newest line: it went back, so codes cannot be trusted/,
      ),
      expect.stringMatching(/^fault clock: 3\d\d\d s behind the last code of alice: it went back/),
      LOCAL,
      AWAY,
    ]);
    expect(wrong(await whileAway(() => later + 1_000))).not.toContainEqual(expect.stringContaining('went back'));
  });

  it('that cannot be opened is a fault', async () => {
    rmSync(join(one.dataDir, 'ledger', 'global'), { recursive: true });
    const findings = await whileAway();
    expect(wrong(findings)).toEqual([
      LOCAL,
      expect.stringMatching(/^fault ledger: embedded in .* cannot be used: /),
      AWAY,
    ]);
    rmSync(join(one.dataDir, 'ledger'), { recursive: true });
  });
});

describe('the clock', () => {
  it("is compared with the serving Pullcord's newest line, where the token may read", async () => {
    const api = { tokens: [tokenOf('n8n', ['stop', 'status'])] };
    one.records.paper = [{ seq: 7, at: Date.now() + 60_000, kind: 'start', data: {}, hash: 'ab' }];
    expect(wrong(await one.check({ api }, { token: secretOf('n8n') }))).toEqual([
      expect.stringMatching(/^fault clock: \d+ s behind the ledger's newest line/),
      LOCAL,
    ]);
    expect(wrong(await one.check({ api }))).toEqual([LOCAL]);
  });
});

describe('Postgres', () => {
  it('that does not answer is a fault, without its password', async () => {
    const findings = await one.check({ databaseUrl: 'postgres://me:the-password@127.0.0.1:1/pullcord' });
    expect(wrong(findings)).toEqual([
      LOCAL,
      expect.stringMatching(/^fault ledger: postgres:\/\/127\.0\.0\.1:1\/pullcord cannot be used: .*ECONNREFUSED/),
    ]);
    expect(adviceOf(findings)).toContain('Look after Postgres');
    expect(JSON.stringify(findings)).not.toContain('the-password');
  });
});

describe('Redis', () => {
  let redis: ToyRedis;
  beforeEach(async () => {
    redis = await startToyRedis();
  });
  afterEach(() => redis.close());
  const withRedis = () => one.check({ redisUrl: redis.url.replace('//', '//:the-password@') });
  const where = () => redis.url;

  it('that keeps what it gets is good, and is left as it was', async () => {
    const findings = await withRedis();
    expect(wrong(findings)).toEqual([LOCAL]);
    expect(findings).toContainEqual({ check: 'queue', level: 'ok', what: `${where()} takes writes, evicts nothing` });
    const keys = (name: string) =>
      redis.commands.filter((command) => command.startsWith(`${name} `)).map((command) => command.split(' ')[1]);
    expect(keys('SET')).toHaveLength(1);
    expect(keys('DEL')).toEqual(keys('SET'));
    expect(redis.commands).not.toContainEqual(expect.stringMatching(/CONFIG (?!GET)|FLUSH/));
  });

  it.each(['allkeys-lru', 'volatile-ttl'])('that evicts is a fault: %s', async (policy) => {
    redis.settings = { ...redis.settings, policy };
    const findings = await withRedis();
    expect(wrong(findings)).toEqual([
      LOCAL,
      `fault queue: ${where()} evicts (maxmemory-policy ${policy}): jobs vanish when its memory is full`,
    ]);
    expect(adviceOf(findings)).toContain('noeviction');
  });

  it('that keeps nothing on disk is a warning, unless it snapshots, or does not say', async () => {
    redis.settings = { ...redis.settings, appends: false };
    expect(wrong(await withRedis())).toEqual([
      LOCAL,
      `warning queue: ${where()} keeps nothing on disk: replies that are owed are lost with it`,
    ]);
    redis.settings = { ...redis.settings, save: '3600 1' };
    expect(wrong(await withRedis())).toEqual([LOCAL]);
    redis.settings = { ...redis.settings, save: undefined };
    expect(wrong(await withRedis())).toEqual([LOCAL]);
  });

  it('that cannot write to its disk is a fault', async () => {
    redis.settings = { ...redis.settings, disk: 'err' };
    expect(wrong(await withRedis())).toEqual([LOCAL, `fault queue: ${where()} cannot write to its disk`]);
  });

  it('that takes no writes is a fault', async () => {
    redis.settings = { ...redis.settings, writes: false };
    expect(wrong(await withRedis())).toEqual([
      LOCAL,
      expect.stringMatching(/^fault queue: redis:\/\/127.* cannot be used: READONLY/),
    ]);
  });

  it('that does not answer is a fault, without its password', async () => {
    const findings = await one.check({ redisUrl: 'redis://:the-password@127.0.0.1:1' });
    expect(wrong(findings)).toEqual([
      LOCAL,
      expect.stringMatching(/^fault queue: redis:\/\/127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/),
    ]);
    expect(JSON.stringify(findings)).not.toContain('the-password');
  });
});
