import { clampRule } from '../../src/cutters/apisix/clamp';
import { createGuardApi } from '../../src/cutters/apisix/guard/api';
import type { Standing } from '../../src/fallback/permit';
import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { notOvertaken } from '../support/goal';
import { NOW, type Rig, startRig } from './rig';

/** Guards, fallbacks, and gateways of which each serves something else. */

const SECRET = 'a-secret-of-the-guards-32-characters';
const LABELS = { agent: 'openclaw' };
let rig: Rig;
let second: Apisix;
afterEach(async () => {
  expect(rig.upstream.requests.filter(({ method }) => method !== 'HEAD')).toEqual([]);
  await rig.close();
  await second?.close();
});
const verdicts = async (text: string) =>
  (await rig.ask(text)).findings.map(({ layer, name, verdict }) => `${layer} ${name ?? ''} ${verdict}`);
const upstreamOf = () => ({ type: 'roundrobin', nodes: { [`127.0.0.1:${rig.upstream.port}`]: 1 } });

describe('a guard', () => {
  beforeEach(async () => {
    rig = await startRig(
      ({ apisix }) => ({
        gateways: {
          main: {
            ...{
              adminUrl: apisix.adminUrl,
              adminKey: apisix.adminKey,
              gatewayUrls: [...apisix.gatewayUrls],
              timeoutMs: 500,
            },
            guard: { controlUrls: apisix.controls.map(({ url }) => url), secret: SECRET },
          },
        },
      }),
      { guard: { secret: SECRET }, now: () => NOW },
    );
    await rig.put('routes/chat', { uri: '/v1/*', upstream: upstreamOf(), labels: LABELS });
    await rig.put('global_rules/pullcord-guard', { plugins: { 'pullcord-guard': {} } });
  });
  const cut = async (...ids: string[]) => {
    const api = createGuardApi({ controlUrl: rig.apisix.controlUrl, secret: SECRET, timeoutMs: 500, now: () => NOW });
    await api.cut({ order: 41, seq: 1, ids }, notOvertaken());
    api.close();
  };

  it('that holds the route refuses it, also when the Admin API knows of nothing', async () => {
    await cut('chat');
    rig.paper.sever('agent');
    expect(await rig.ask('/v1/x')).toMatchObject({
      ...{ refused: true, by: 'guard', answer: expect.stringMatching(/^Pullcord refuses: scope agent was severed/) },
    });
    await rig.apisix.faults.refuse();
    const found = await rig.ask('/v1/x');
    expect(found).toMatchObject({ refused: true, by: 'ledger' });
    expect(found.findings).toContainEqual(expect.objectContaining({ layer: 'guard', verdict: 'unknown' }));
  });

  it('that holds another one, and one that is away', async () => {
    await cut('other');
    expect(await verdicts('/v1/x')).toContain('guard main passes');
    await rig.apisix.controls[0]?.refuse();
    const found = await rig.ask('/v1/x');
    expect([found.refused, found.answer]).toEqual([undefined, expect.stringContaining('ECONNREFUSED')]);
  });
});

describe('a fallback', () => {
  const standing = (state: Standing['state']): Standing => ({
    state,
    order: 3,
    since: NOW,
    forbiddenBy: state === 'forbidden' ? ['agent'] : [],
  });
  beforeEach(async () => {
    rig = await startRig(({ apisix }) => ({
      gateways: {
        main: {
          adminUrl: apisix.adminUrl,
          adminKey: apisix.adminKey,
          gatewayUrls: [...apisix.gatewayUrls],
          controlUrl: apisix.controlUrl,
        },
      },
      fallbacks: { cloud: { gateway: 'main', upstream: 'models', primary: ['10.0.0.5:11434'] } },
    }));
    await rig.put('upstreams/models', upstreamOf());
    await rig.put('services/s', { upstream_id: 'models' });
    await rig.put('routes/chat', { uri: '/v1/*', service_id: 's', labels: LABELS });
    await rig.put('routes/else', { uri: '/else', upstream: upstreamOf(), labels: LABELS });
    await rig.clamp();
  });

  it.each<[Standing['state'] | undefined, string]>([
    ['fallback', 'is permitted'],
    ['primary', 'is kept out: if the primary is down'],
    ['forbidden', 'is kept out while agent is severed'],
    [undefined, 'is not known'],
  ])('that is %s', async (state, says) => {
    if (state) rig.standings.set('cloud', standing(state));
    const found = await rig.ask('/v1/x');
    expect(found.findings).toContainEqual(
      expect.objectContaining({ layer: 'fallback', text: expect.stringContaining(says) }),
    );
    expect(found.refused).toBe(state ? false : undefined);
    expect((await verdicts('/else')).join()).not.toContain('fallback');
  });
});

describe('two gateways', () => {
  beforeEach(async () => {
    second = await startApisix();
    rig = await startRig(({ apisix }) => ({
      gateways: Object.fromEntries(
        Object.entries({ main: apisix, second }).map(([name, { adminUrl, adminKey, gatewayUrls }]) => [
          name,
          { adminUrl, adminKey, gatewayUrls: [...gatewayUrls] },
        ]),
      ),
    }));
    await rig.put('routes/chat', { uri: '/v1/*', upstream: upstreamOf(), labels: LABELS });
    await rig.clamp();
  });

  it('what one of them serves is not refused by the other', async () => {
    expect(await verdicts('/v1/x')).toEqual([
      ...['gateway main passes', 'gateway second skipped', 'routes main passes', 'routes second skipped'],
      ...['clamp main passes', 'clamp second passes', 'guard main skipped', 'guard second skipped'],
      ...['litellm  skipped', 'ledger  passes'],
    ]);
    expect(await rig.ask('/nowhere')).toMatchObject({ refused: true, by: 'routes' });
  });

  it('what is cut at one alone is refused there, and told to be served at the other', async () => {
    const put = (path: string, body: object) =>
      fetch(`${second.adminUrl}/apisix/admin/${path}`, {
        method: 'PUT',
        headers: { 'x-api-key': second.adminKey, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }).then((answer) => answer.text());
    await put('routes/chat', { uri: '/v1/*', upstream: upstreamOf(), labels: LABELS });
    await put('global_rules/pullcord-clamp', clampRule(['chat']));
    rig.paper.sever('agent');
    expect((await rig.ask('/v1/x')).answer).toBe(
      'Pullcord refuses: scope agent was severed at 02:13 UTC by ana (SMS, order 41, incident 41). Gateway main was still seen to let it through.',
    );
  });
});
