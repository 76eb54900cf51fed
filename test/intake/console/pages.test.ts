import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib';
import pino from 'pino';
import { pageDoor } from '../../../src/intake/console/page-door';
import { readPages } from '../../../src/intake/console/pages';
import { internalApp } from '../../../src/intake/http/apps';
import { type Listener, listen } from '../../../src/intake/http/listen';

const script = 'export const answer = 42;\n'.repeat(50);
const files: Readonly<Record<string, string | Buffer>> = {
  'index.html': '<!doctype html><title>Pullcord</title>',
  'sw.js': 'self.skipWaiting();',
  'manifest.webmanifest': '{}',
  'icon.svg': '<svg/>',
  'icon-192.png': Buffer.from([0x89, 0x50]),
  'assets/index-Ab12.js': script,
  'assets/index-Ab12.js.br': brotliCompressSync(script),
  'assets/index-Ab12.js.gz': gzipSync(script),
  'assets/index-Ab12.css': 'body{}',
  'assets/secret.ts': 'not of the page',
};

let folder: string;
let listener: Listener;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-page-'));
  const outside = join(folder, '../outside.txt');
  mkdirSync(join(folder, 'console/assets'), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'console', name), content);
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  symlinkSync(outside, join(folder, 'console/outside.txt'));
  listener = await open(join(folder, 'console'));
});
afterAll(async () => {
  await listener.close(0);
  rmSync(folder, { recursive: true });
});

const open = (from: string): Promise<Listener> => {
  const context = { log: pino({ level: 'silent' }), now: Date.now, randomId: () => 'id' };
  return listen(internalApp({ ...context, routers: [pageDoor(readPages(from))] }), '127.0.0.1:0');
};

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** The path as it is written, and no header that nobody asked for. */
const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(listener.url);
    const asked = request({ hostname, port, path, method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks) }));
    });
    asked.on('error', reject).end();
  });

it.each([
  ['/console/', 'text/html; charset=utf-8', 'no-cache', 'index.html'],
  ['/console/index.html', 'text/html; charset=utf-8', 'no-cache', 'index.html'],
  ['/console/incidents/7', 'text/html; charset=utf-8', 'no-cache', 'index.html'],
  ['/console/spend?span=day', 'text/html; charset=utf-8', 'no-cache', 'index.html'],
  ['/console/sw.js', 'text/javascript; charset=utf-8', 'no-cache', 'sw.js'],
  ['/console/manifest.webmanifest', 'application/manifest+json', 'no-cache', 'manifest.webmanifest'],
  ['/console/icon.svg', 'image/svg+xml', 'no-cache', 'icon.svg'],
  ['/console/icon-192.png', 'image/png', 'no-cache', 'icon-192.png'],
  [
    '/console/assets/index-Ab12.css',
    'text/css; charset=utf-8',
    'public, max-age=31536000, immutable',
    'assets/index-Ab12.css',
  ],
])('%s is %s, kept %s', async (path, type, kept, file) => {
  const { status, headers, body } = await get(path);
  expect({ status, type: headers['content-type'], kept: headers['cache-control'] }).toEqual({
    status: 200,
    type,
    kept,
  });
  expect(body).toEqual(Buffer.from(files[file] ?? ''));
});

it.each([
  '/console/nothing.js',
  '/console/assets/none.css',
  '/console/assets/secret.ts',
  '/console/assets/index-Ab12.js.br',
  '/console/outside.txt',
  '/console/../secret.txt',
  '/console/%2e%2e/secret.txt',
  '/console/..%2fsecret.txt',
  '/console/assets/../../secret.txt',
  '/console//etc/passwd.txt',
  '/consolex',
  '/Console/',
])('%s is not there', async (path) => {
  const { status, body } = await get(path);
  expect(status).toBe(404);
  expect(body.toString()).not.toContain('secret\n');
  expect(JSON.parse(body.toString())).toMatchObject({ reason: 'not-found' });
});

it('goes compressed where the client takes it, as it was compressed at the build', async () => {
  const path = '/console/assets/index-Ab12.js';
  const { headers, body } = await get(path, { 'accept-encoding': 'gzip, br' });
  expect(headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' });
  expect(brotliDecompressSync(body).toString()).toBe(script);
  expect((await get(path, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBe('gzip');
  for (const coding of ['identity', 'br;q=0', 'zstd']) {
    const plain = await get(path, { 'accept-encoding': coding });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body.toString()).toBe(script);
  }
  expect((await get(path)).headers['content-encoding']).toBeUndefined();
});

it('is not sent again to who has it, and HEAD sends none of it', async () => {
  const first = await get('/console/', { 'accept-encoding': 'br' });
  const etag = String(first.headers.etag);
  expect(await get('/console/', { 'if-none-match': etag })).toMatchObject({ status: 304, body: Buffer.alloc(0) });
  expect((await get('/console/', { 'if-none-match': '"x"' })).status).toBe(200);
  const head = await get('/console/', {}, 'HEAD');
  expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  expect(head.headers['content-length']).toBe(first.headers['content-length']);
});

it('has a policy of its own: nothing from elsewhere, nothing inline, no frame around it', async () => {
  const { headers } = await get('/console/');
  expect(String(headers['content-security-policy']).split(';').sort()).toEqual(
    [
      ...["default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"],
      ...['script-src', 'style-src', 'img-src', 'connect-src', 'manifest-src', 'worker-src'].map(
        (one) => `${one} 'self'`,
      ),
    ].sort(),
  );
  expect(headers).toMatchObject({
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  });
  const elsewhere = await get('/api/v1/scopes');
  expect(elsewhere.headers['content-security-policy']).not.toContain("'self'");
});

it('is at /console/: without the slash one is led there, and nowhere else', async () => {
  expect(await get('/console')).toMatchObject({ status: 308, headers: { location: '/console/' } });
  expect(await get('/console?to=//evil.example.org')).toMatchObject({
    status: 308,
    headers: { location: '/console/' },
  });
});

it('where it was not built, it says so', async () => {
  await listener.close(0);
  listener = await open(join(folder, 'nothing'));
  const { status, body } = await get('/console/');
  expect(status).toBe(404);
  expect(JSON.parse(body.toString())).toMatchObject({ detail: expect.stringContaining('npm run build') });
  expect(readPages(join(folder, 'console/assets'))).toBeUndefined();
});
