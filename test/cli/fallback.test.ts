import { writeFileSync } from 'node:fs';
import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { minimalYaml } from '../config/minimal';
import { type Door, FakeFallbacks, NOW, openDoor } from '../support/http';
import { call } from './call';
import { CliFolder } from './drive';

const at = new Date(NOW).toISOString();

describe('pullcord fallback, with a Pullcord that serves', () => {
  let fallbacks: FakeFallbacks;
  let door: Door;
  beforeEach(async () => {
    fallbacks = new FakeFallbacks();
    door = await openDoor({ fallbacks });
  });
  afterEach(() => door.listener.close());
  const fallback = (argv: readonly string[], options: { readonly token?: string; readonly input?: string } = {}) =>
    call(['fallback', ...argv], { url: door.url, ...options });

  it('says how every one stands', async () => {
    expect(await fallback(['status'])).toEqual({
      ...{ code: 0, stderr: '', stdout: 'fallback: primary; the gateway is seen at primary\n' },
    });
    fallbacks.known = fallbacks.known.map((one) => ({
      ...{ ...one, state: 'forbidden', order: 9, since: NOW, forbiddenBy: ['agent'] },
      ...{ seen: 'unseen', missing: ['gw-2 does not answer'] },
    }));
    expect(await fallback(['status'])).toEqual({
      code: 1,
      stdout: `fallback: forbidden by agent since ${at}; the gateway is seen at unseen\n  missing: gw-2 does not answer\n`,
      stderr: 'Not seen as it stands: fallback.\n',
    });
  });

  it('permits with an operator and a code, which it asks for', async () => {
    const { code, stdout } = await fallback(['permit', 'fallback', '--reason', 'the card died'], {
      input: 'alice\n123 456\n',
    });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^fallback: fallback until .* by alice: ordered/)]);
    expect(fallbacks.asked[0]).toMatchObject({
      wish: { fallback: 'fallback', wish: 'fallback', reason: 'the card died' },
      proof: { kind: 'operator', operator: 'alice', code: '123456' },
    });
  });

  it('takes back with the token alone', async () => {
    expect((await fallback(['primary', 'fallback'], { token: 'stopper' })).code).toBe(0);
    expect(fallbacks.asked[0]).toMatchObject({ wish: { wish: 'primary' }, proof: { kind: 'token' } });
  });

  it('says why it was refused', async () => {
    fallbacks.receipt = { kind: 'refused', refused: 'fallback-forbidden', detail: 'Severed: agent.' };
    const { code, stderr } = await fallback(['permit', 'fallback', '--operator', 'alice', '--code', '123456']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Severed: agent.')]);
  });
});

describe('pullcord fallback plan', () => {
  const folder = new CliFolder();
  let apisix: Apisix;
  const put = (body: unknown) =>
    fetch(`${apisix.adminUrl}/apisix/admin/upstreams/models`, {
      method: 'PUT',
      headers: { 'x-api-key': apisix.adminKey },
      body: JSON.stringify(body),
    });
  const nodes = [
    { host: '10.0.0.5', port: 11434, weight: 1, priority: 0 },
    { host: 'cloud.example.org', port: 443, weight: 1, priority: -1 },
  ];
  beforeAll(async () => {
    apisix = await startApisix();
    const yaml = minimalYaml
      .replace(/adminUrl: .*/, `adminUrl: ${apisix.adminUrl}`)
      .replace(/adminKey: .*/, `adminKey: ${apisix.adminKey}\n    controlUrl: ${apisix.controlUrl}`);
    writeFileSync(
      folder.config,
      `${yaml}\nfallbacks:\n  fallback: { gateway: main, upstream: models, primary: ['10.0.0.5:11434'] }\n`,
    );
  });
  afterAll(async () => {
    folder.remove();
    await apisix.close();
  });

  it('says what would not fail over, and prints the write that does it', async () => {
    await put({ type: 'roundrobin', nodes });
    const { code, stdout, stderr } = await folder.run('fallback', 'plan', 'fallback', '--json');
    expect([code, stderr]).toEqual([1, expect.stringContaining('some failures only')]);
    const plan = JSON.parse(stdout) as { goesOver: string; write: { path: string; patch: object } };
    expect(plan).toMatchObject({
      goesOver: 'partly',
      primary: ['10.0.0.5:11434'],
      fallbacks: ['cloud.example.org:443'],
    });

    const answer = await fetch(`${apisix.adminUrl}/apisix/admin/${plan.write.path}`, {
      method: 'PATCH',
      headers: { 'x-api-key': apisix.adminKey },
      body: JSON.stringify(plan.write.patch),
    });
    expect(answer.status).toBe(200);
    expect(JSON.parse((await folder.run('fallback', 'plan', 'fallback', '--json')).stdout)).toMatchObject({
      goesOver: 'yes',
    });
  });

  it('makes no plan of what has no fallback, and knows no other name', async () => {
    await put({ type: 'roundrobin', nodes: nodes.slice(0, 1) });
    expect(await folder.run('fallback', 'plan', 'fallback')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('goes to the primary alone'),
    });
    expect(await folder.run('fallback', 'plan', 'nothing')).toMatchObject({ code: 2 });
  });
});
