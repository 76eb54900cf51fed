import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { differences, everything } from '../../src/sandbox/everything';
import { until } from '../support/until';
import { type Program, startProgram } from './parts/program';

/** The program is killed with SIGKILL in the middle of a drill, and cleans up when it starts again. */

const TOKEN = 'a-token-that-drills';
const CLAMP = /global_rules\/pullcord-clamp$/;

let folder: string;
let apisix: Apisix;
let program: Program | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-drill-'));
  apisix = await startApisix({ nodes: 2 });
  await admin('PUT', 'routes/r1', { uri: '/r1/*', upstream: { type: 'roundrobin', nodes: { '127.0.0.1:9': 1 } } });
});
afterEach(async () => {
  await program?.kill('SIGKILL');
  await apisix.close();
  rmSync(folder, { recursive: true });
});

async function admin(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${apisix.adminUrl}/apisix/admin/${path}`, {
    method,
    headers: { 'x-api-key': apisix.adminKey },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return answer.json();
}

async function start(): Promise<void> {
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  const config = {
    publicUrl: 'https://pullcord.example.org',
    listen: { public: '127.0.0.1:0', internal: '127.0.0.1:0' },
    key: '5a'.repeat(32),
    gateways: { main: { adminUrl: apisix.adminUrl, adminKey: apisix.adminKey, gatewayUrls: [...apisix.gatewayUrls] } },
    scopes: { agent: { routes: [{ all: true }] } },
    api: { tokens: [{ name: 'test', sha256, rights: ['drill', 'status'] }] },
  };
  writeFileSync(join(folder, 'pullcord.yaml'), stringify(config), { mode: 0o600 });
  program = await startProgram({ PULLCORD_CONFIG: join(folder, 'pullcord.yaml') });
  await until(async () => ((await call('GET', '/readyz')) as { parts: { name: string; ok: boolean }[] }).parts[0]?.ok);
}

async function call(method: string, path: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${program?.internalUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  return (await answer.json()) as Record<string, unknown>;
}

/** One to its end. A fresh code may take half a minute. */
async function drill(): Promise<Record<string, unknown>> {
  let report = await call('POST', '/api/v1/drills?wait=30');
  while (report.state === 'running') report = await call('GET', `/api/v1/drills/${report.id}?wait=30`);
  return report;
}
const served = async (): Promise<boolean> =>
  !(await fetch(`${apisix.gatewayUrl}/r1/x`)).headers.has('x-pullcord-severed');

it.each([
  ['before anything is cut', 0],
  ['while the canary is cut', 1],
])(
  '%s',
  async (_when, writesBefore) => {
    await start();
    const before = await everything({ admin });
    let writes = 0;
    // What the program waits for when it dies, and what never arrives.
    apisix.faults.hang({ match: (method, path) => method === 'PATCH' && CLAMP.test(path) && ++writes > writesBefore });
    const { id } = await call('POST', '/api/v1/drills');
    await until(() => writes > writesBefore, 20_000);
    await program?.kill('SIGKILL');
    await apisix.faults.clear();
    expect(differences(before, await everything({ admin }))).toContain('routes/pullcord-drill');
    expect(await served()).toBe(true);

    await start();
    await until(async () => differences(before, await everything({ admin })).length === 0, 60_000);
    expect(await call('GET', `/api/v1/drills/${id}`)).toMatchObject({
      state: 'failed',
      text: expect.stringMatching(/^Drill broken off: Pullcord ended/),
    });
    const { scopes } = (await call('GET', '/api/v1/scopes')) as { scopes: unknown[] };
    expect(scopes).toMatchObject([{ scope: 'agent', state: 'live', order: 0 }]);
    expect(await drill()).toMatchObject({ state: 'passed' });
    expect(await served()).toBe(true);
  },
  150_000,
);
