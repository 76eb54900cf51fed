import { configSchema } from '../../src/config/schema';
import { deriveKeys, parseMasterKey } from '../../src/config/secrets';
import { differences, everything } from '../../src/sandbox/everything';
import { gatewayScopes } from '../../src/sandbox/gateway-objects';
import { check } from '../../src/supervision/check';
import { secretOf, tokenOf } from '../support/http';
import { wrong } from '../support/installation';
import { startWhole, type Whole } from '../support/whole';

const key = '8f1c9a3be27d604455d2c01be97a3f66107bd4e8a9c25f0332684d7be15a90cf';
const api = { tokens: [tokenOf('reader', ['status'])] };

let whole: Whole;
beforeAll(async () => {
  whole = await startWhole({ config: { scopes: gatewayScopes, enforcer: { periodSeconds: 1 }, key, api } });
});
afterAll(() => whole.close());

const checked = () => {
  const { apisix, pullcord, dataDir } = whole;
  const { adminUrl, adminKey, gatewayUrls } = apisix;
  const listen = { public: new URL(pullcord.publicUrl).host, internal: new URL(pullcord.internalUrl).host };
  const config = configSchema.parse({
    // Nobody is there: what Twilio would call is not this test's concern.
    ...{ publicUrl: 'http://127.0.0.1:1', listen, dataDir, key, api, scopes: gatewayScopes },
    gateways: { main: { adminUrl, adminKey, gatewayUrls: [...gatewayUrls] } },
    sms: {},
  });
  const keys = deriveKeys(parseMasterKey(key));
  const options = { config, keys, configFile: '/nowhere/pullcord.yaml', warnings: [], now: whole.clock.now };
  return check({ ...options, token: secretOf('reader') });
};
const kinds = async (): Promise<string[]> => {
  const headers = { authorization: `Bearer ${secretOf('reader')}` };
  const answer = await fetch(`${whole.pullcord.internalUrl}/api/v1/ledger?limit=1000`, { headers });
  const { lines } = (await answer.json()) as { lines: { kind: string }[] };
  return lines.map(({ kind }) => kind);
};
const text = (who: 'alice' | 'bob', verb: string) => whole.phone.text(whole[who].phone, `${verb} ${whole[who].code()}`);

it('check leaves a Pullcord that serves, and what it has severed, alone', async () => {
  const before = await everything(whole);
  const NO_STOP = 'fault doors: no door takes a stop from a person or a program';
  expect(wrong(await checked())).toEqual([NO_STOP]);

  expect((await text('alice', 'STOP')).reply).toMatch(/^SEVERED agent/);
  const findings = (await Promise.all([checked(), checked(), checked()])).flat();
  expect(wrong(findings)).toEqual([NO_STOP, NO_STOP, NO_STOP]);
  expect(findings.map(({ what }) => what)).toContain('the clamp is armed and cuts 5 routes now');
  expect(findings.map(({ what }) => what)).toContain(`serves at ${whole.pullcord.internalUrl}, armed`);
  expect(await whole.status('/v1/embeddings')).toBe(503);

  whole.clock.advance(30);
  expect((await text('bob', 'RESTORE')).reply).toMatch(/^RESTORED agent/);
  // The clamp was written to, with what it held: its time and its index are others.
  expect(differences(before, await everything(whole)).filter((one) => !one.includes('pullcord-clamp'))).toEqual([]);
  expect((await kinds()).filter((kind) => kind === 'drift' || kind === 'trouble')).toEqual([]);
});
