import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChecks } from '../../src/supervision/check';
import type { Check, CheckContext } from '../../src/supervision/checks/context';
import { about } from '../../src/supervision/checks/finding';
import { type Installation, LOCAL, startInstallation, wrong } from '../support/installation';

describe('a good installation', () => {
  let good: Installation;
  beforeAll(async () => {
    good = await startInstallation();
  });
  afterAll(() => good.close());

  it('has no fault, and says so of every part', async () => {
    const findings = await good.check();
    expect(wrong(findings)).toEqual([LOCAL]);
    expect([...new Set(findings.map(({ check }) => check))]).toEqual([
      ...['configuration', 'key', 'files', 'operators', 'doors', 'gateway main'],
      ...['scope agent', 'scope llm', 'scope fallback', 'clock', 'public URL', 'Twilio', 'ledger', 'queue', 'service'],
    ]);
  });

  it('is not changed: neither the gateway nor an order, nor the data folder', async () => {
    const objects = () =>
      good.apisix.store.list('').map(({ key, value: { update_time: _, ...value } }) => [key, value]);
    const files = () => readdirSync(good.dataDir).map((name) => [name, readFileSync(join(good.dataDir, name), 'utf8')]);
    const before = [objects(), files()];
    await good.check();
    expect([objects(), files()]).toEqual(before);
    expect(good.door.desk.asked).toEqual([]);
    expect(good.internal.logged.join('\n')).not.toContain('/api/v1');
  });
});

describe('every finding', () => {
  const context = {} as CheckContext;
  const says =
    (name: string): Check =>
    async () => [about(name).ok('good')];

  it('is told although another check throws or hangs', async () => {
    const throws: Check = async () => {
      throw new Error('no such thing');
    };
    const hangs: Check = () => new Promise(() => undefined);
    const findings = await runChecks(context, { first: says('first'), throws, hangs, last: says('last') }, 50);
    expect(findings).toMatchObject([
      { check: 'first', level: 'ok' },
      { check: 'throws', level: 'fault', what: 'could not be checked: no such thing' },
      { check: 'hangs', level: 'fault', what: 'could not be checked: it took longer than 50 ms' },
      { check: 'last', level: 'ok' },
    ]);
  });
});
