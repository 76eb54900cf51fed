import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

/** Threat: the public listener is denied, and the order has to come through by another way, or by the same. */

const TOKEN = 'pull';
const sha256 = createHash('sha256').update(TOKEN).digest('hex');

let whole: Whole;
const sockets = new Set<Socket>();
let flooding: boolean;
beforeAll(async () => {
  whole = await startWhole({
    config: {
      scopes: { agent: { routes: [{ all: true }] } },
      enforcer: { periodSeconds: 1 },
      api: { tokens: [{ name: 'n8n', sha256, rights: ['stop', 'status'] }] },
    },
  });
});
afterAll(async () => {
  flooding = false;
  for (const socket of sockets) socket.destroy();
  await whole.close();
});

/** Takes every place that there is, and takes it again whenever it is taken away. */
function flood(connections: number): void {
  flooding = true;
  const port = Number(new URL(whole.pullcord.publicUrl).port);
  const open = (): void => {
    if (!flooding) return;
    const socket = connect(port, '127.0.0.1');
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(open, 20);
    });
    socket.write('POST /sms/twilio HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  };
  for (let one = 0; one < connections; one += 1) open();
}

const api = async (method: string, path: string, body?: object) => {
  const answered = await fetch(`${whole.pullcord.internalUrl}${path}`, {
    ...{ method, headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' } },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return (await answered.json()) as Record<string, unknown>;
};
const isCut = async () => (await whole.status('/v1/embeddings')) === 503;
const restored = async (by = whole.alice) => {
  whole.clock.advance(30);
  const { reply = '' } = await whole.phone.text(by.phone, `RESTORE ${by.code()}`);
  if (!reply.startsWith('RESTORED')) await whole.phone.expectReply(by.phone, /RESTORED/, 10_000);
  expect(await isCut()).toBe(false);
};

it('with every place of the public listener held by who says little slowly, all ways go on', async () => {
  flood(1_500);
  await until(() => [...sockets].filter(({ connecting }) => !connecting).length >= 1_024, 20_000);

  // The text message itself: it says at once what it wants.
  const { reply = '' } = await whole.phone.text(whole.alice.phone, `STOP ${whole.alice.code()}`);
  if (!reply.startsWith('SEVERED')) await whole.phone.expectReply(whole.alice.phone, /SEVERED/, 10_000);
  expect(await isCut()).toBe(true);
  await restored();

  // The internal door.
  const severed = await api('POST', '/api/v1/orders?wait=20', { action: 'sever' });
  expect(severed).toMatchObject({ state: 'severed' });
  expect(await isCut()).toBe(true);

  // The enforcer: what is synced back from elsewhere is cut again.
  await whole.admin('DELETE', 'global_rules/pullcord-clamp');
  await until(async () => !(await isCut()), 5_000).catch(() => undefined);
  await until(isCut, 20_000);
  expect(await api('GET', '/api/v1/scopes')).toMatchObject({ scopes: [{ scope: 'agent', state: 'severed' }] });
  expect(sockets.size).toBeGreaterThan(1_000);
  await restored(whole.bob);
}, 90_000);
