import type { GuardState } from '../../src/cutters/apisix/guard/api';
import { faultsOf } from '../../src/cutters/apisix/guard/judge';
import { type Installation, startInstallation } from '../support/installation';

/** What `pullcord check` says of the guards in the gateways. */
const secret = 'the secret that guards and Pullcord share';
let one: Installation;
beforeAll(async () => {
  one = await startInstallation({ nodes: 2, guard: { secret } });
});
beforeEach(() => one.admin('PUT', 'global_rules/pullcord-guard', { plugins: { 'pullcord-guard': {} } }));
afterAll(() => one.close());

const urls = () => one.apisix.controls.map(({ url }) => url);
async function found(change: object = {}): Promise<string[]> {
  const main = one.config.gateways.main as NonNullable<Installation['config']['gateways']['main']>;
  const findings = await one.check({
    gateways: { main: { ...main, timeoutMs: 300, guard: { controlUrls: urls(), secret, ...change } } },
  });
  expect(JSON.stringify(findings)).not.toContain(secret);
  return findings
    .filter(({ check }) => check.startsWith('guard'))
    .map(({ level, check, what, advice }) => `${level} ${check}: ${what}${advice === undefined ? '' : ` ${advice}`}`);
}

it('says of each how many workers hear it and which way it fails, and that streams may drain for too long', async () => {
  const [first, second] = urls();
  expect(await found()).toEqual([
    `ok guard main: ${first}: 2 workers, fails open, cuts 0 routes now`,
    expect.stringMatching(
      /^warning guard main: .* worker_shutdown_timeout is 240 s.* 30s or less: see docs\/apisix\.md/,
    ),
    `ok guard main: ${second}: 2 workers, fails open, cuts 0 routes now`,
    expect.stringContaining('worker_shutdown_timeout is 240 s'),
  ]);
});

it('says nothing where none is configured', async () => {
  expect((await one.check()).filter(({ check }) => check.startsWith('guard'))).toEqual([]);
});

it('one that cannot be reached is a fault, and hides no other', async () => {
  await one.apisix.controls[1]?.refuse();
  const all = await found();
  await one.apisix.controls[1]?.accept();
  expect(all.at(-1)).toMatch(/^fault guard main: the guard at .*: ECONNREFUSED Check controlUrls/);
  expect(all[0]).toMatch(/^ok/);
});

it('another secret is a fault, and is never shown', async () => {
  const other = 'quite another secret of 32 characters';
  const all = await found({ secret: other });
  expect(all).toHaveLength(2);
  for (const line of all)
    expect(line).toMatch(/^fault guard main: .*answered 401: the signature is wrong.* the same secret/);
  expect(all.join()).not.toContain(other);
});

it('a Control API without the plugin is a fault that says where it is told how to install it', async () => {
  const bare = await startInstallation();
  const all = await found({ controlUrls: [bare.apisix.controlUrl] });
  await bare.close();
  expect(all).toEqual([expect.stringMatching(/^fault .*answered 404 Install pullcord-guard .*docs\/guard\.md/)]);
});

it('a rule that is not armed is told; who serves would have armed it', async () => {
  await one.admin('DELETE', 'global_rules/pullcord-guard');
  expect((await found())[0]).toMatch(/^(ok|fault) guard main: .*(arms the rule|know no global rule)/);
});

describe('what is wrong with a guard', () => {
  const worker = { pid: 1, version: 1, serial: 4, draining: false, armed: true, open: 0, ending: 0 };
  const well: GuardState = {
    ...{ name: 'pullcord-guard', version: 1, fail: 'open', lease_seconds: 0, lease_over: false },
    ...{ worker_shutdown_seconds: 30, expected: 2, serial: 4, order: 2, seq: 1, ids: [] },
    workers: [worker, { ...worker, pid: 2 }],
  };
  it.each<[what: string, change: Partial<GuardState>, says: RegExp | undefined]>([
    ['nothing', {}, undefined],
    ['another version', { version: 2 }, /version 2, and this Pullcord wants 1/],
    ['a worker that is missing', { workers: [worker] }, /only 1 of 2 workers report/],
    ['a worker that knows no rule', { workers: [worker, { ...worker, armed: false }] }, /1 of 2 workers know no/],
    ['a worker that has not heard', { workers: [worker, { ...worker, serial: 3 }] }, /1 of 2 workers have not heard/],
    [
      'one that drains and has not heard',
      { workers: [worker, worker, { ...worker, draining: true, serial: 3 }] },
      /1 of 3 workers have not heard/,
    ],
    [
      'one that drains and knows no rule',
      { workers: [worker, worker, { ...worker, draining: true, armed: false }] },
      undefined,
    ],
    ['a lease that is over', { lease_over: true }, /failed closed/],
  ])('%s', (_, change, says) => {
    const faults = faultsOf({ ...well, ...change });
    if (says) expect(faults).toEqual([expect.stringMatching(says)]);
    else expect(faults).toEqual([]);
  });

  it('a set that was written moments ago has not been heard of yet', () => {
    const state = { ...well, workers: [worker, { ...worker, serial: 3 }] };
    expect(faultsOf(state, true)).toEqual([]);
  });
});
