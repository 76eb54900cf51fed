import { eventsOf } from '../../support/events-of';
import { pageHeaders, sent } from '../../support/session';
import { until } from '../../support/until';
import { startWhole, type Whole } from '../../support/whole';

/** The console's doors of the whole program, with a gateway and a phone: nothing is handed in. */

let whole: Whole;
beforeAll(async () => {
  whole = await startWhole();
});
afterAll(() => whole.close());

const call = (method: string, path: string, cookie = '', body?: unknown) =>
  fetch(whole.pullcord.internalUrl + path, {
    method,
    headers: { ...pageHeaders, cookie, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
interface Scope {
  readonly scope: string;
  readonly [field: string]: unknown;
}

it('an operator signs in, stops by a press, is told live, restores with the next code, and is told who did it', async () => {
  const code = whole.alice.code();
  const signedIn = await call('POST', '/console/session', '', { operator: 'alice', code });
  expect(signedIn.status).toBe(200);
  const cookie = sent(signedIn.headers.get('set-cookie'));
  const live = await eventsOf(whole.pullcord.internalUrl, { ...pageHeaders, cookie });
  const told = (): Scope | undefined =>
    (live.events.findLast(({ event }) => event === 'status')?.data.scopes as Scope[] | undefined)?.find(
      ({ scope }) => scope === 'agent',
    );
  await until(() => told()?.state === 'live');
  expect(told()).toMatchObject({ gateways: [{ name: 'main' }] });
  expect(told()).not.toHaveProperty('by');
  expect(await whole.status('/tools/x')).not.toBe(503);

  const stopped = await call('POST', '/api/v1/orders?wait=10', cookie, { action: 'sever', reason: 'it buys GPUs' });
  expect(await stopped.json()).toMatchObject({ state: 'severed', by: 'alice', source: 'console' });
  expect(await whole.status('/tools/x')).toBe(503);
  await until(() => told()?.state === 'severed');
  expect(told()).toMatchObject({
    ...{ by: 'alice', reason: 'it buys GPUs', seen: true },
    gateways: [{ name: 'main', seen: true, missing: [] }],
  });

  const restore = (digits: string) =>
    call('POST', '/api/v1/orders?wait=10', cookie, { action: 'restore', operator: 'alice', code: digits });
  expect(await (await restore(code)).json()).toMatchObject({ reason: 'code-used' });
  expect(await whole.status('/tools/x')).toBe(503);
  whole.clock.advance(30);
  expect(await (await restore(whole.alice.code())).json()).toMatchObject({ state: 'live', by: 'alice' });
  await until(() => told()?.state === 'live');

  // What was ordered before is told by a Pullcord that began afterwards, too, and the session goes on there.
  await whole.restart();
  await until(() => live.ended);
  expect(live.events.at(-1)).toEqual({ event: 'bye', data: { reason: 'closing' } });
  const again = await call('GET', '/api/v1/scopes', cookie);
  expect(again.status).toBe(200);
  await until(async () => {
    const { scopes } = (await (await call('GET', '/api/v1/scopes', cookie)).json()) as { scopes: Scope[] };
    return scopes.find(({ scope }) => scope === 'agent')?.by === 'alice';
  });
  const ledger = (await (await call('GET', '/api/v1/ledger/verify', cookie)).json()) as { ok: boolean };
  expect(ledger.ok).toBe(true);
});
