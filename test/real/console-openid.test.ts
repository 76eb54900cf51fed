import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { client, type IdentityProvider, startIdentityProvider } from '../support/identity-provider';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';
import { chromium as chromiumPath } from './parts/install';

/** What only a browser can show: which cookies go along when another site leads to us, and when it asks us. */

const roles: Readonly<Record<string, ('stop' | 'status')[]>> = { 'pullcord-stop': ['stop', 'status'] };
let provider: IdentityProvider;
let whole: Whole;
let browser: Browser;
let page: Page;
let address: string;
/** Of another site: names, not ports, tell sites apart. */
let elsewhere: ReturnType<typeof createServer>;

beforeAll(async () => {
  provider = await startIdentityProvider();
  elsewhere = createServer((_req, res) =>
    res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>elsewhere</h1>'),
  );
  const port = await freePort();
  address = `http://localhost:${port}`;
  whole = await startWhole({
    tune: (config) => {
      Object.assign(config.listen, { internal: `127.0.0.1:${port}` });
      Object.assign(config.console, {
        url: address,
        openid: {
          ...{ issuer: provider.issuer, clientId: client.id, clientSecret: client.secret, name: 'Keycloak', roles },
          ...{ rolesClaim: 'realm_access.roles', operatorClaim: 'preferred_username' },
        },
      });
    },
  });
  await listening(elsewhere);
  browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(15_000);
  // The first start installs the browser.
}, 300_000);
afterAll(async () => {
  await browser?.close();
  elsewhere.closeAllConnections();
  await new Promise((resolve) => elsewhere.close(resolve));
  await whole?.close();
  await provider.stop();
});

it('by way of another site one is signed in at once, with a cookie that other sites never get to use', async () => {
  await page.goto(`${address}/console/openid`);
  expect(new URL(page.url()).hostname).toBe('127.0.0.1');
  const session = page.waitForResponse(`${address}/console/session`);
  await page.click('#back');
  expect((await session).status()).toBe(200);
  await page.getByText('Signed in as alice').waitFor();
  const [cookie, ...more] = await page.context().cookies();
  expect(more).toEqual([]);
  expect(cookie).toMatchObject({ name: 'pullcord-session', httpOnly: true, sameSite: 'Strict' });
  expect(await page.evaluate(() => (globalThis as unknown as { document: { cookie: string } }).document.cookie)).toBe(
    '',
  );
});

it('a page of another site stops nothing, however it asks', async () => {
  const evil = await page.context().newPage();
  await evil.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
  const tried = await evil.evaluate(async (target) => {
    const plain = { method: 'POST', body: '{"action":"sever"}', credentials: 'include' } as const;
    const asked = { ...plain, headers: { 'content-type': 'application/json', 'x-pullcord-console': '1' } };
    const outcomes: string[] = [];
    for (const init of [{ ...plain, mode: 'no-cors' as const }, plain, asked])
      outcomes.push(
        await fetch(`${target}/api/v1/orders`, init).then(
          (answer) => answer.type,
          () => 'failed',
        ),
      );
    return outcomes;
  }, address);
  // What went out all the same was refused, and what was answered was kept from that page.
  expect(tried).toEqual(['failed', 'failed', 'failed']);
  const refused = await page.evaluate(async () => (await fetch('/api/v1/ledger')).text());
  expect(refused).toMatch(
    /"path":"\/api\/v1\/orders"[^}]*"reason":"token-wrong"|"reason":"token-wrong"[^}]*"path":"\/api\/v1\/orders"/,
  );
  expect(await whole.status('/tools/x')).not.toBe(503);
  // The page itself may.
  const placed = await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json', 'x-pullcord-console': '1' };
    const answer = await fetch('/api/v1/orders?wait=10', { method: 'POST', headers, body: '{"action":"sever"}' });
    return (await answer.json()) as unknown;
  });
  expect(placed).toMatchObject({ state: 'severed', by: 'openid:alice', source: 'console' });
  await until(async () => (await whole.status('/tools/x')) === 503);
});

async function freePort(): Promise<number> {
  const taken = createServer();
  await listening(taken);
  const { port } = taken.address() as AddressInfo;
  await new Promise((resolve) => taken.close(resolve));
  return port;
}

const listening = (server: ReturnType<typeof createServer>): Promise<void> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
