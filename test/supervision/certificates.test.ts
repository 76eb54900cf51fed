import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createPlainServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema } from '../../src/config/schema';
import { certificateFindings, seeCertificate, type TlsEnd, tlsEnds } from '../../src/supervision/checks/certificates';
import { selfSigned } from '../support/certificate';

const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'pullcord-certificate-'));
const caFile = join(folder, 'ca.pem');
let server: Server | undefined;
afterEach(async () => {
  server?.close();
  if (server) await once(server, 'close');
  server = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A gateway with a certificate that ends then. */
async function serve(endsAt: number | undefined): Promise<TlsEnd> {
  const { cert, key } = selfSigned(endsAt);
  writeFileSync(caFile, cert);
  server = createServer({ cert, key }, (_req, res) => res.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { at: `127.0.0.1:${port}`, host: '127.0.0.1', port, caFile, isPublic: false };
}

const look = async (end: TlsEnd, seenBefore = false, now = Date.now()) => {
  const [finding] = certificateFindings(end, await seeCertificate(end, 2_000), { now, seenBefore });
  return finding;
};

it.each([
  ['far from its end', undefined, 'ok', /^holds until \d{4}-\d\d-\d\d$/],
  ['that ends in 5 days', 5 * DAY + 60_000, 'warning', /^ends on .*, in 5 days$/],
  ['that ends tomorrow', DAY + 60_000, 'warning', /in 1 day$/],
  ['that has ended', -DAY, 'fault', /^ended on /],
] as const)('one %s', async (_what, inMs, level, what) => {
  const finding = await look(await serve(inMs === undefined ? undefined : Date.now() + inMs));
  expect(finding).toMatchObject({ level, what: expect.stringMatching(what) });
});

it('one of an authority that is not ours, and one of another name', async () => {
  const end = await serve(undefined);
  expect(await look({ ...end, caFile: undefined })).toMatchObject({
    ...{ level: 'fault', what: expect.stringMatching(/is refused \(.*SELF_SIGNED/) },
    advice: expect.stringContaining('caFile'),
  });
  expect(await look({ ...end, host: 'localhost' })).toMatchObject({
    ...{ level: 'fault', what: expect.stringMatching(/ALTNAME/) },
  });
});

it('one that cannot be seen is doubt; the public one only when it was seen before', async () => {
  const end = await serve(undefined);
  const away = { ...end, port: 1 };
  expect(await look(away)).toMatchObject({
    level: 'warning',
    doubt: true,
    what: expect.stringMatching(/ECONNREFUSED/),
  });
  expect(await look({ ...away, isPublic: true })).toMatchObject({ level: 'warning', quiet: true });
  expect(await look({ ...away, isPublic: true }, true)).toMatchObject({ doubt: true });
  expect(await look({ ...end, caFile: '/nowhere/ca.pem' })).toMatchObject({ doubt: true });
});

it('one that shows no certificate in time', async () => {
  const silent = createPlainServer((socket) => socket.resume().on('error', () => undefined));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const seen = await seeCertificate({ at: 'x', host: '127.0.0.1', port, caFile: undefined, isPublic: false }, 50);
  expect(seen).toEqual({ unseen: 'no answer in 50 ms' });
  silent.close();
  await once(silent, 'close');
});

it('every TLS end of the way, once', () => {
  const config = configSchema.parse({
    ...{ publicUrl: 'https://pullcord.example.org/x', key: 'k', scopes: { agent: { routes: [{ all: true }] } } },
    gateways: {
      main: {
        ...{ adminUrl: 'https://gw.example.org:9180', adminKey: 'k', caFile: '/ca.pem' },
        gatewayUrls: ['https://gw.example.org', 'http://plain.example.org', 'https://[::1]:9443'],
        guard: { controlUrls: ['https://gw.example.org:9090'], secret: 'x'.repeat(32) },
      },
      other: { adminUrl: 'https://gw.example.org:9180/', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:1'] },
    },
  });
  expect(tlsEnds(config).map(({ at, host, caFile, isPublic }) => [at, host, caFile, isPublic])).toEqual([
    ['gw.example.org:9180', 'gw.example.org', '/ca.pem', false],
    ['gw.example.org:443', 'gw.example.org', '/ca.pem', false],
    ['[::1]:9443', '::1', '/ca.pem', false],
    ['gw.example.org:9090', 'gw.example.org', '/ca.pem', false],
    ['pullcord.example.org:443', 'pullcord.example.org', undefined, true],
  ]);
});
