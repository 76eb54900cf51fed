import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { deriveKeys } from '../../src/config/secrets';
import { operatorsPath } from '../../src/operators/file';
import type { Operator } from '../../src/operators/operator';
import type { CheckContext } from '../../src/supervision/checks/context';
import type { LedgerSight } from '../../src/supervision/checks/ledger-sight';
import { checkOperators } from '../../src/supervision/checks/operators';
import { type Installation, LOCAL, startInstallation, wrong } from '../support/installation';

let one: Installation;
let path: string;
let good: readonly Operator[];
beforeAll(async () => {
  one = await startInstallation();
  path = operatorsPath({ dataDir: one.dataDir, operatorsFile: undefined });
  good = one.operators.all();
});
afterEach(() => {
  rmSync(path, { force: true });
  one.operators.change(() => good);
});
afterAll(() => one.close());

const withPeople = (change: (one: Operator) => Operator): void => void one.operators.change((all) => all.map(change));

describe('the people', () => {
  it('nobody at all is a fault', async () => {
    rmSync(path);
    const findings = await one.check();
    expect(wrong(findings)).toEqual([`fault operators: nobody may order: there is no ${path}`, LOCAL]);
    expect(findings.find(({ level }) => level === 'fault')?.advice).toContain('pullcord operator add');
  });

  it('nobody who may stop is a fault', async () => {
    withPeople((person) => ({ ...person, rights: ['restore', 'status'] }));
    expect(wrong(await one.check())).toEqual(['fault operators: nobody may stop by text message', LOCAL]);
  });

  it('nobody who may restore is a fault', async () => {
    withPeople((person) => ({ ...person, rights: ['stop'] }));
    expect(wrong(await one.check())).toEqual(['fault operators: nobody may restore: what is severed stays so', LOCAL]);
  });

  it('one who may restore is enough, unless a restore takes two', async () => {
    withPeople((person) => (person.name === 'bob' ? { ...person, rights: ['stop'] } : person));
    expect(wrong(await one.check())).toEqual([LOCAL]);
    expect(wrong(await one.check({ restore: { operators: 2 } }))).toEqual([
      'fault operators: a restore takes 2 operators, and only alice may restore: what is severed stays so',
      LOCAL,
    ]);
  });
});

describe('the codes', () => {
  it.each([
    ['no secret', ''],
    ['a secret that is too short', 'JBSWY3DPEHPK3PXP'],
    ['a damaged secret', '!'.repeat(32)],
  ])('an operator with %s has no code: a fault', async (_, totpSecret) => {
    withPeople((person) => (person.name === 'bob' ? { ...person, totpSecret } : person));
    const findings = await one.check();
    expect(wrong(findings)).toEqual([expect.stringMatching(/^fault operators: bob has no code: /), LOCAL]);
    expect(findings.find(({ level }) => level === 'fault')?.advice).toContain('pullcord operator remove bob');
  });

  it('secrets that another key sealed are a fault', async () => {
    const keys = deriveKeys(randomBytes(32));
    expect(wrong(await checkOperators(contextOf({ kind: 'new' }, { keys })))).toEqual([
      `fault operators: ${path} cannot be used: the secret of alice does not open: is this the key that it was made with?`,
    ]);
  });

  it('a file that is none is a fault', async () => {
    writeFileSync(path, '[]');
    expect(wrong(await one.check())).toEqual([
      expect.stringMatching(/^fault operators: .* cannot be used: the file: /),
      LOCAL,
    ]);
  });
});

const contextOf = (sight: LedgerSight, more: Partial<CheckContext> = {}): CheckContext =>
  ({
    config: { dataDir: one.dataDir, restore: { operators: 1 } },
    ...{ keys: one.keys, now: Date.now, ledger: async () => sight },
    ...more,
  }) as CheckContext;

describe('the backup codes', () => {
  const used = (count: number): LedgerSight => ({
    ...{ kind: 'read', ms: 1, lost: false },
    state: {
      ...{ head: { seq: 0, at: 0, hash: '' }, orders: 0, latches: new Map(), permits: new Map(), operators: new Map() },
      backupCodesUsed: new Set(good[0]?.backupCodes.slice(0, count).map(({ id }) => id)),
    },
  });

  it.each([
    [0, []],
    [7, []],
    [8, ['warning operators: alice has 2 unused backup codes: without the own phone there is soon no stop']],
    [9, ['warning operators: alice has 1 unused backup code: without the own phone there is soon no stop']],
    [10, ['warning operators: alice has no unused backup code: without the own phone there is no stop']],
  ])('%i of ten are used', async (count, expected) => {
    const findings = await checkOperators(contextOf(used(count)));
    expect(wrong(findings)).toEqual(expected);
    expect(findings.map(({ what }) => what)).toContain('bob has 10 unused backup codes');
  });

  it('none at all are a warning, for those who may stop', async () => {
    withPeople((person) => ({
      ...person,
      backupCodes: [],
      rights: person.name === 'bob' ? ['restore'] : person.rights,
    }));
    expect(wrong(await one.check())).toEqual([
      'warning operators: alice has no backup codes: without the own phone there is no stop',
      LOCAL,
    ]);
  });
});

describe('the file', () => {
  it.each([
    [0o600, []],
    [0o400, []],
    [0o640, [/^warning operators: .* has mode 640: others can read the numbers that may order$/]],
    [0o604, [/^warning operators: .* has mode 604: others can read the numbers that may order$/]],
    [0o660, [/^fault operators: .* has mode 660: others can make themselves operators$/]],
    [0o602, [/^fault operators: .* has mode 602: others can make themselves operators$/]],
  ])('of mode %o', async (mode, expected) => {
    chmodSync(path, mode);
    const findings = await one.check();
    expect(wrong(findings)).toEqual([...expected.map((pattern) => expect.stringMatching(pattern)), LOCAL]);
    if (expected.length > 0)
      expect(findings.find(({ level }) => level !== 'ok')?.advice).toBe(`Keep it to its owner: chmod 600 ${path}`);
  });

  (process.getuid?.() === 0 ? it : it.skip)('of another user than its folder is a fault', async () => {
    chownSync(path, 65_534, 65_534);
    expect(wrong(await one.check())).toEqual([
      expect.stringMatching(/^fault operators: .* belongs to another user than its folder/),
      LOCAL,
    ]);
  });

  it('holds no secret that a finding would show', async () => {
    const shown = JSON.stringify(await one.check());
    for (const { totpSecret } of good) expect(shown).not.toContain(totpSecret);
    expect(readFileSync(path, 'utf8')).not.toContain(good[0]?.totpSecret);
  });
});
