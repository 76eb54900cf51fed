import { type Installation, startInstallation } from '../support/installation';

/** What `pullcord check` says of fallbacks. */
let one: Installation;
beforeAll(async () => {
  one = await startInstallation();
});
afterAll(() => one.close());

const nodes = [
  { host: '10.0.0.5', port: 11434, weight: 1, priority: 0 },
  { host: 'cloud.example.org', port: 443, weight: 1, priority: -1 },
];
async function found(fallback: object = {}): Promise<string[]> {
  const main = one.config.gateways.main as NonNullable<Installation['config']['gateways']['main']>;
  const findings = await one.check({
    gateways: { main: { ...main, controlUrl: one.apisix.controlUrl } },
    fallbacks: { backup: { gateway: 'main', upstream: 'models', primary: ['10.0.0.5:11434'], ...fallback } },
  });
  return findings
    .filter(({ check }) => check.startsWith('fallback'))
    .map(({ level, what, advice }) => `${level} ${what}${advice === undefined ? '' : ` ${advice}`}`);
}

it('says what would never take over, or only for some failures, and what to do', async () => {
  await one.admin('PUT', 'upstreams/models', { type: 'roundrobin', nodes });
  const findings = await found();
  expect(findings.length).toBeGreaterThan(0);
  expect(findings.join()).toMatch(/^warning without checks only refused connections fail over.* Add checks/);
});

it('a primary that is not there is a fault', async () => {
  await one.admin('PUT', 'upstreams/models', { type: 'roundrobin', nodes });
  expect(await found({ primary: ['10.0.0.6:11434'] })).toEqual([
    'fault upstream models has no 10.0.0.6:11434 Correct fallbacks.backup.primary.',
  ]);
});

it('so is an upstream that is not there', async () => {
  expect(await found({ upstream: 'gone' })).toEqual([
    expect.stringMatching(/^fault upstream gone: .*The object is gone/),
  ]);
});

it('one that is kept out just now is as it should be', async () => {
  await one.admin('PUT', 'upstreams/models', { type: 'roundrobin', nodes: nodes.slice(0, 1) });
  expect(await found()).toEqual([expect.stringMatching(/^ok upstream models goes to the primary alone/)]);
});
