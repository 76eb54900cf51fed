import type { check } from '../../src/supervision/check';
import { skewFinding } from '../../src/supervision/checks/clock';
import { type Installation, LOCAL, startInstallation, wrong } from '../support/installation';

let one: Installation;
beforeAll(async () => {
  one = await startInstallation();
});
afterEach(() => one.apisix.faults.clear());
afterAll(() => one.close());

const main = () => one.config.gateways.main as NonNullable<Installation['config']['gateways']['main']>;
const withGateway = (change: Partial<ReturnType<typeof main>>) =>
  one.check({ gateways: { main: { ...main(), ...change } } });
const adviceOf = (findings: Awaited<ReturnType<typeof check>>, what: RegExp): string =>
  findings.find((finding) => what.test(finding.what))?.advice ?? '';

describe('the Admin API', () => {
  it('a wrong key is a fault, and never shown', async () => {
    const findings = await withGateway({ adminKey: 'not-the-key-at-all' });
    expect(wrong(findings)).toEqual(['fault gateway main: the Admin API cannot be used', LOCAL]);
    expect(adviceOf(findings, /Admin API/)).toMatch(/answered 401.*Check adminKey.*role admin/);
    expect(JSON.stringify(findings)).not.toContain('not-the-key-at-all');
  });

  it('a key that may only read is a fault', async () => {
    const findings = await withGateway({ adminKey: one.apisix.viewerKey });
    expect(wrong(findings)).toEqual(['fault gateway main: the Admin key may read but not write', LOCAL]);
    expect(adviceOf(findings, /may read/)).toMatch(/role admin, not viewer/);
  });

  it.each<[string, () => void | Promise<void>, RegExp]>([
    ['refuses connections', () => one.apisix.faults.refuse(), /ECONNREFUSED.*Check adminUrl/],
    ['fails', () => one.apisix.faults.answer(500), /answered 500/],
    ['hangs', () => one.apisix.faults.hang(), /no answer in time/],
  ])('that %s is a fault, within the time', async (_, break_, advice) => {
    await break_();
    const began = performance.now();
    const findings = await one.check();
    expect(performance.now() - began).toBeLessThan(6_000);
    expect(wrong(findings)).toEqual(['fault gateway main: the Admin API cannot be used', LOCAL]);
    expect(adviceOf(findings, /Admin API/)).toMatch(advice);
  });

  it('a certificate authority that cannot be read is a fault of its gateway alone', async () => {
    const findings = await withGateway({ caFile: '/nowhere/ca.pem' });
    expect(wrong(findings)).toEqual(['fault gateway main: cannot be looked at: ENOENT', LOCAL]);
    expect(adviceOf(findings, /cannot be looked at/)).toContain('/nowhere/ca.pem');
  });
});

describe('the clamp', () => {
  const other = { plugins: { 'fault-injection': { abort: { http_status: 418, vars: [[['uri', '==', '/tea']]] } } } };
  beforeEach(async () => {
    await one.admin('DELETE', 'global_rules/pullcord-clamp');
    await one.admin('PUT', 'global_rules/teapot', other);
  });
  afterEach(async () => {
    await one.admin('DELETE', 'global_rules/teapot');
    await one.rearm();
  });

  it.each([
    ['clamp', 'fault gateway main: the clamp cannot be armed, so nothing would be cut'],
    [
      'auto',
      'warning gateway main: the clamp cannot be armed: routes would be rewritten one by one, and open streams go on',
    ],
  ] as const)('that cannot be armed matters with method %s', async (method, finding) => {
    const findings = await withGateway({ method });
    expect(wrong(findings)).toEqual([finding, LOCAL]);
    expect(adviceOf(findings, /cannot be armed/)).toMatch(
      /global rule teapot uses fault-injection, too.*remove it from teapot/,
    );
  });

  it('that cannot be armed does not matter with method rewrite', async () => {
    expect(wrong(await withGateway({ method: 'rewrite' }))).toEqual([LOCAL]);
  });

  it.each([
    [['serverless-post-function'], 'ends open streams without telling the client'],
    [['serverless-pre-function'], 'cannot end open streams while they are silent, nor WebSockets'],
    [['serverless-pre-function', 'serverless-post-function'], 'cannot end streams that are open'],
  ])('that has to do without %s is a warning', async (taken, words) => {
    const lua = { phase: 'log', functions: ['return function() end'] };
    await one.admin('PUT', 'global_rules/teapot', { plugins: Object.fromEntries(taken.map((name) => [name, lua])) });
    const findings = await one.check();
    expect(wrong(findings)).toContain(`warning gateway main: the clamp ${words}`);
    expect(adviceOf(findings, /the clamp (ends|cannot end)/)).toContain(`global rule teapot uses ${taken[0]}, too`);
  });

  it('that could be armed is fine before Pullcord starts, and a warning while it serves', async () => {
    await one.admin('PUT', 'global_rules/teapot', { plugins: {} });
    expect(wrong(await one.check())).toEqual([
      'warning gateway main: the clamp is not armed, though Pullcord serves',
      LOCAL,
    ]);
    const away = await one.check({ listen: { ...one.config.listen, internal: '127.0.0.1:1' } });
    expect(wrong(away)).toEqual([LOCAL, 'warning service: Pullcord does not serve at http://127.0.0.1:1']);
  });
});

describe('gateways', () => {
  it('one that no probe reaches is a fault, and does not hide the others', async () => {
    const [url = ''] = main().gatewayUrls;
    const findings = await withGateway({ gatewayUrls: [url, 'http://127.0.0.1:1'] });
    expect(wrong(findings)).toEqual(['fault gateway main: no probe reaches http://127.0.0.1:1: ECONNREFUSED', LOCAL]);
    expect(adviceOf(findings, /no probe/)).toContain('gatewayUrls');
  });

  it('one that hangs is a fault', async () => {
    await one.apisix.faults.gateway(0, 'hang');
    expect(wrong(await one.check())).toEqual([
      expect.stringMatching(
        /^fault gateway main: no probe reaches http:\/\/127\.0\.0\.1:\d+: no answer within \d+ ms$/,
      ),
      LOCAL,
    ]);
  });
});

describe('scopes', () => {
  const withScope = (scope: Installation['config']['scopes'][string]) => one.check({ scopes: { agent: scope } });

  it('one that matches no route is a fault', async () => {
    const findings = await withScope({ routes: [{ label: 'agent=nobody' }] });
    expect(wrong(findings)).toEqual(['fault scope agent: matches no route: there is nothing to cut', LOCAL]);
    expect(adviceOf(findings, /matches no route/)).toContain('Label the routes');
  });

  it('one that matches at one of two gateways alone is a warning that names the other', async () => {
    const bare = await startInstallation();
    try {
      await bare.admin('PUT', 'routes/chat', { uri: '/v1/chat/completions', upstream_id: 'litellm' });
      const second = { ...bare.config.gateways.main } as ReturnType<typeof main>;
      const findings = await one.check({
        gateways: { main: main(), second },
        scopes: { agent: { routes: [{ id: 'chat', label: 'agent=openclaw' }] } },
      });
      expect(wrong(findings)).toEqual(['warning scope agent: matches no route of gateway second', LOCAL]);
    } finally {
      await bare.close();
    }
  });

  it('one whose routes are all switched off is a warning', async () => {
    expect(wrong(await withScope({ routes: [{ id: 'old-tool' }] }))).toEqual([
      'warning scope agent: all its routes are switched off: there is nothing to cut',
      LOCAL,
    ]);
  });

  it('one that cannot be probed is a fault: severed would never be said', async () => {
    const route = { uri: '/narrow', upstream_id: 'litellm', vars: [['http_x_agent', '==', 'openclaw']] };
    await one.admin('PUT', 'routes/narrow', route);
    const findings = await withScope({ routes: [{ id: 'narrow' }] });
    expect(wrong(findings)).toEqual([
      'fault scope agent: no request can show whether it is cut at gateway main',
      LOCAL,
    ]);
    expect(adviceOf(findings, /no request/)).toContain('Add probes');
    expect(wrong(await withScope({ routes: [{ id: 'narrow' }, { id: 'chat' }] }))).toEqual([
      'warning scope agent: no request can be derived for narrow of gateway main',
      LOCAL,
    ]);
    await one.admin('DELETE', 'routes/narrow');
  });

  it('a probe that was written down and finds nothing is a warning', async () => {
    const scope = { routes: [{ id: 'chat' }] };
    const findings = await withScope({ ...scope, probes: [{ path: '/nowhere' }] });
    expect(wrong(findings)).toEqual([
      expect.stringMatching(/^warning scope agent: the probe HEAD \/nowhere finds nothing at http:\/\/127.* \(404\)$/),
      LOCAL,
    ]);
    expect(wrong(await withScope({ ...scope, probes: [{ path: '/v1/chat/completions' }] }))).toEqual([LOCAL]);
  });

  it('are not judged where the gateway could not be read', async () => {
    await one.apisix.faults.refuse();
    const findings = await one.check();
    expect(findings.filter(({ check: name }) => name.startsWith('scope'))).toEqual([]);
  });
});

describe('the clock', () => {
  it.each([
    [0, 'ok', 'agrees with the clock of gateway main'],
    [1, 'ok', 'agrees with the clock of gateway main'],
    [10, 'ok', '10 s behind the clock of gateway main'],
    [11, 'warning', '11 s behind the clock of gateway main'],
    [-30, 'warning', '30 s ahead of the clock of gateway main'],
    [31, 'fault', '31 s behind the clock of gateway main: if ours is the wrong one, good codes are refused'],
    [-600, 'fault', '600 s ahead of the clock of gateway main: if ours is the wrong one, good codes are refused'],
  ])('of a gateway that is %i s ahead: %s', (skew, level, what) => {
    expect(skewFinding('main', skew)).toMatchObject({ level, what });
  });

  it('is compared with the Date of the gateway', async () => {
    const findings = await one.check({}, { now: () => Date.now() + 120_000 });
    expect(wrong(findings)).toEqual([
      expect.stringMatching(/^fault clock: 1(19|20|21) s ahead of the clock of gateway main/),
      LOCAL,
    ]);
    expect(adviceOf(findings, /ahead/)).toContain('Set it by the network');
  });
});
