import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Threat: what Pullcord is built of has a known weakness, or a licence that it must not be passed on under. */

const top = join(__dirname, '../..');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-supply-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(top, 'scripts', script), ...args], {
      ...{ cwd: folder, env: { PATH: process.env.PATH, HOME: folder, ...env } },
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said.stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

interface Installed {
  readonly license?: string;
  readonly dev?: true;
  readonly optional?: true;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A package that uses these, by their names. */
function lockfile(packages: Readonly<Record<string, Installed>>): void {
  const asked = Object.entries(packages).filter(([, { optional }]) => !optional);
  const of = (dev: boolean) =>
    Object.fromEntries(asked.filter(([, one]) => (one.dev ?? false) === dev).map(([name]) => [name, '1.0.0']));
  const root = { name: 'toy', version: '1.0.0', dependencies: of(false), devDependencies: of(true) };
  const rest = Object.entries(packages).map(([name, one]) => [`node_modules/${name}`, { version: '1.0.0', ...one }]);
  const lock = {
    ...{ name: 'toy', version: '1.0.0', lockfileVersion: 3 },
    packages: { '': root, ...Object.fromEntries(rest) },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(root));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
}

describe('the audit, by npm itself', () => {
  let registry: Server | undefined;
  const asked: string[] = [];
  afterEach(async () => {
    registry?.closeAllConnections();
    await new Promise<void>((resolve) => (registry ? registry.close(() => resolve()) : resolve()));
    registry = undefined;
    asked.length = 0;
  });

  async function serve(
    answer: (res: ServerResponse, names: readonly string[]) => void,
  ): Promise<Record<string, string>> {
    registry = createServer(async (req: IncomingMessage, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      asked.push(`${req.method} ${req.url}`);
      if (req.url !== '/-/npm/v1/security/advisories/bulk') {
        const name = (req.url ?? '').slice(1);
        res.end(
          JSON.stringify({ name, versions: { '1.0.0': { name, version: '1.0.0' } }, 'dist-tags': { latest: '1.0.0' } }),
        );
        return;
      }
      answer(res, Object.keys(JSON.parse(gunzipSync(Buffer.concat(chunks)).toString())));
    });
    await new Promise<void>((resolve) => registry?.listen(0, '127.0.0.1', resolve));
    return {
      npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`,
      npm_config_fetch_retries: '0',
    };
  }

  const advisory = (severity: string) => ({
    ...{ id: 1, url: 'https://example.org/1', title: 'a weakness', severity, vulnerable_versions: '*' },
  });
  const used = { good: { license: 'MIT' }, weak: { license: 'MIT' }, tool: { license: 'MIT', dev: true } } as const;

  it.each([
    ['high', 1],
    ['moderate', 0],
  ])('a known weakness of severity %s ends with exit code %i', async (severity, code) => {
    lockfile(used);
    let names: readonly string[] = [];
    const env = await serve((res, sent) => {
      names = sent;
      res.end(JSON.stringify({ weak: [advisory(severity)] }));
    });
    const ran = await run('audit.mjs', [], env);
    expect([ran.code, ran.stderr]).toEqual([
      code,
      code === 0 ? '' : expect.stringContaining('1 of high or critical severity'),
    ]);
    expect(ran.stdout).toContain(`${severity}: weak: a weakness https://example.org/1`);
    // What is passed on to nobody is not asked for.
    expect(names).toEqual(['good', 'weak']);
  });

  it('no known weakness is good', async () => {
    lockfile(used);
    const env = await serve((res) => void res.end('{}'));
    expect(await run('audit.mjs', [], env)).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: 'audited: 2 packages are shipped, 0 with known vulnerabilities, 0 of high or critical severity\n',
    });
  });

  it.each<[number, readonly string[], Record<string, string>, number]>([
    [405, [], {}, 0],
    [404, ['--strict'], {}, 1],
    [501, [], { AUDIT_STRICT: '1' }, 1],
  ])(
    'a registry without advisory data (%i) is said, and fails only when that is wanted: %j %j',
    async (status, args, wanted, code) => {
      lockfile(used);
      const ran = await run('audit.mjs', args, {
        ...wanted,
        ...(await serve((res) => void res.writeHead(status).end())),
      });
      expect(ran.code).toBe(code);
      const [said, silent] = code === 0 ? [ran.stdout, ran.stderr] : [ran.stderr, ran.stdout];
      expect(said).toContain(`not audited: the registry has no advisory data (${status})`);
      expect(silent).toBe('');
    },
  );

  it.each<[string, (res: ServerResponse) => void]>([
    ['fails', (res) => void res.writeHead(500).end()],
    ['talks nonsense', (res) => void res.end('<html>')],
    ['hangs up', (res) => void res.destroy()],
  ])('a registry that %s is no good news', async (_what, answer) => {
    lockfile(used);
    const ran = await run('audit.mjs', [], await serve(answer));
    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^not audited: ./) });
  });

  it('nothing to look at is no good news', async () => {
    lockfile({});
    const ran = await run('audit.mjs', [], await serve((res) => void res.end('{}')));
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('not audited') });
  });
});

describe('the licence check', () => {
  const check = () => run('licences.mjs', [folder]);

  it.each(['MIT', 'ISC', 'Apache-2.0 AND MIT', '(MIT OR GPL-3.0-only)', 'GPL-2.0-only OR (MIT AND BSD-3-Clause)'])(
    'takes %s',
    async (license) => {
      lockfile({ one: { license } });
      expect(await check()).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('1 packages are shipped, 0 are tools'),
      });
    },
  );

  it.each([
    'GPL-3.0-only',
    'AGPL-3.0-or-later',
    'SEE LICENSE IN LICENSE.md',
    'UNLICENSED',
    'MIT AND GPL-3.0-only',
    '(MIT OR ISC) AND SSPL-1.0',
    'MIT)',
    'MIT GPL-3.0-only',
    '',
  ])('refuses %j, in what is shipped and in tools', async (license) => {
    for (const dev of [{}, { dev: true }] as const) {
      lockfile({ one: { license, ...dev } });
      expect(await check()).toMatchObject({ code: 1, stderr: expect.stringContaining('\n  one: ') });
    }
  });

  it('takes of tools what is there for a reason, and not of what is shipped', async () => {
    lockfile({ 'caniuse-lite': { license: 'CC-BY-4.0', dev: true } });
    expect(await check()).toMatchObject({ code: 0 });
    lockfile({ 'caniuse-lite': { license: 'CC-BY-4.0' } });
    expect(await check()).toMatchObject({ code: 1 });
    lockfile({ 'caniuse-lite': { license: 'GPL-3.0-only', dev: true } });
    expect(await check()).toMatchObject({ code: 1 });
  });

  it('reads it in the package where the lockfile is silent, and refuses what says nothing anywhere', async () => {
    lockfile({ one: {} });
    expect(await check()).toMatchObject({ code: 1, stderr: expect.stringContaining('one: no licence') });
    mkdirSync(join(folder, 'node_modules/one'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/one/package.json'), '{"license":"ISC"}');
    expect(await check()).toMatchObject({ code: 0 });
  });

  it('takes what is built for another machine for what it is a part of', async () => {
    const optionalDependencies = { 'one-for-mars': '1.0.0' };
    lockfile({ one: { license: 'MIT', optionalDependencies }, 'one-for-mars': { optional: true } });
    expect(await check()).toMatchObject({ code: 0, stdout: expect.stringContaining('2 packages are shipped') });
    lockfile({ one: { license: 'GPL-3.0-only', optionalDependencies }, 'one-for-mars': { optional: true } });
    expect(await check()).toMatchObject({ code: 1, stderr: expect.stringContaining('one-for-mars: GPL-3.0-only') });
  });

  it('holds for this package and for the one of n8n, and counts as npm does', async () => {
    const ran = await run('licences.mjs', []);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const { packages } = JSON.parse(readFileSync(join(top, 'package-lock.json'), 'utf8'));
    const shipped = Object.entries<Installed>(packages).filter(([path, { dev }]) => path !== '' && !dev);
    expect(ran.stdout).toContain(`licences of pullcord: ${shipped.length} packages are shipped`);
    expect(ran.stdout).toContain('licences of n8n-nodes-pullcord: 0 packages are shipped');
  });
});

it('both are asked for wherever anything lands', () => {
  const ci = readFileSync(join(top, '.ci/run'), 'utf8').split('\n');
  expect(ci).toEqual(expect.arrayContaining(['npm run audit', 'npm run licences', 'npm ci']));
  const { scripts } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
  expect(scripts).toMatchObject({ audit: 'node scripts/audit.mjs', licences: 'node scripts/licences.mjs' });
});
