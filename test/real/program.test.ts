import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { until } from '../support/until';
import { type Program, startProgram } from './parts/program';

const TOKEN = 'a-token-for-tests';
const TOKEN_SHA256 = '9237b94c86ee59b8e51197999c04d4570522a9bfb16047aa5b59613faefa515d';

let folder: string;
let apisix: Apisix;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-program-'));
  apisix = await startApisix();
  await fetch(`${apisix.adminUrl}/apisix/admin/routes/r1`, {
    method: 'PUT',
    headers: { 'x-api-key': apisix.adminKey },
    body: JSON.stringify({ uri: '/r1/*', upstream: { type: 'roundrobin', nodes: { '127.0.0.1:9': 1 } } }),
  });
});
afterEach(async () => {
  await apisix.close();
  rmSync(folder, { recursive: true });
});

function environment(change: Record<string, unknown> = {}): Record<string, string> {
  const config = {
    publicUrl: 'https://pullcord.example.org',
    listen: { public: '127.0.0.1:0', internal: '127.0.0.1:0' },
    key: '5a'.repeat(32),
    gateways: { main: { adminUrl: apisix.adminUrl, adminKey: apisix.adminKey, gatewayUrls: [apisix.gatewayUrl] } },
    scopes: { agent: { routes: [{ all: true }] } },
    api: { tokens: [{ name: 'test', sha256: TOKEN_SHA256, rights: ['stop', 'status'] }] },
    ...change,
  };
  writeFileSync(join(folder, 'pullcord.yaml'), stringify(config), { mode: 0o600 });
  return { PULLCORD_CONFIG: join(folder, 'pullcord.yaml') };
}

/** Runs `serve` where it is expected to end by itself. */
async function ending(env: Record<string, string>): Promise<{ code: number | null; errors: string }> {
  const child = spawn(process.execPath, [join(__dirname, '../../dist/cli/index.js'), 'serve'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, errors };
}

const refused = async (): Promise<boolean> => {
  const answer = await fetch(`${apisix.gatewayUrl}/r1/x`, { method: 'HEAD' }).catch(() => undefined);
  return answer?.headers.has('x-pullcord-severed') ?? false;
};

const sever = (program: Program, path = '/api/v1/orders'): Promise<Response> =>
  fetch(`${program.internalUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ action: 'sever' }),
  });

describe('the program', () => {
  it('ends in good order on SIGTERM in the middle of an order, and the next start carries the order out', async () => {
    const env = environment();
    const program = await startProgram(env);
    apisix.faults.hang();
    expect((await sever(program)).status).toBe(202);
    const code = await program.end('SIGTERM');
    expect(code).toBe(0);
    await apisix.faults.clear();
    expect(await refused()).toBe(false);
    const next = await startProgram(env);
    await until(refused);
    expect(await next.end('SIGINT')).toBe(0);
    // The latch is not the process: what is severed stays severed without it.
    expect(await refused()).toBe(true);
  });

  it('tells all faults of a bad configuration at once, with their paths, exits with 2, and starts nothing', async () => {
    const { code, errors } = await ending(environment({ publicUrl: 'nowhere', key: 'short', scopes: {}, mistyped: 1 }));
    expect(code).toBe(2);
    for (const path of ['publicUrl', 'key', 'scopes', 'mistyped']) expect(errors).toContain(path);
    expect(errors).not.toContain('short\n');
  });

  it('leaves a data folder alone that another one uses, and a port that is taken', async () => {
    const env = environment();
    const program = await startProgram(env);
    expect(await ending(env)).toMatchObject({ code: 2, errors: expect.stringContaining('in use by process') });
    const { host } = new URL(program.publicUrl);
    const other = environment({ dataDir: 'other', listen: { public: host, internal: '127.0.0.1:0' } });
    expect(await ending(other)).toMatchObject({ code: 2, errors: expect.stringContaining(host) });
    expect((await sever(program, '/api/v1/orders?wait=5')).status).toBe(200);
    expect(await refused()).toBe(true);
    await program.end('SIGTERM');
  });
});
