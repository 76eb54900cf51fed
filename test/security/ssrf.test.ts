import type { lookup } from 'node:dns';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPoster, type Poster } from '../../src/notify/events/post';
import { isNoReceiver } from '../../src/notify/events/receiver-address';
import { type Door, openDoor } from '../support/http';

/** Threat: a token's bearer makes Pullcord post to what only Pullcord's machine reaches. */

let server: Server;
let port: number;
let requests: IncomingMessage[];
let answer: (res: ServerResponse) => void;
const posters: Poster[] = [];
beforeEach(async () => {
  requests = [];
  answer = (res) => void res.writeHead(204).end();
  server = createServer((req, res) => {
    requests.push(req.resume());
    answer(res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  for (const poster of posters.splice(0)) poster.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The system's resolver, as whoever owns the name makes it answer. */
const resolver = (answers: readonly (readonly string[])[]): typeof lookup => {
  let turn = 0;
  return ((_name: string, _options: object, done: (error: null, found: object[]) => void) => {
    const found = answers[Math.min(turn++, answers.length - 1)] ?? [];
    process.nextTick(
      done,
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as unknown as typeof lookup;
};

function post(url: string, answers: readonly (readonly string[])[] = []) {
  const poster = createPoster({ version: '0', now: Date.now, timeoutMs: 2_000, lookup: resolver(answers) });
  posters.push(poster);
  const subscription = { id: 's', token: 'n8n', url, secret: 'shh', events: ['severed'], createdAt: 0 } as const;
  const delivery = { subscription, event: { id: 'e', type: 'severed' }, body: '{}' } as const;
  return () => poster.post(delivery, new AbortController().signal);
}

/** Each in the spellings that a URL takes. */
const refused = [
  '169.254.169.254',
  '169.254.170.2',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '169.16689662',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[64:ff9b::169.254.169.254]',
  '[2002:a9fe:a9fe::1]',
  '[::169.254.169.254]',
  '[fe80::1]',
  '[febf::1]',
  '[fd00:ec2::254]',
  '[fd20:ce::254]',
  '[fd00:c1::a9fe:a9fe]',
  '100.100.100.200',
  '168.63.129.16',
  '0.0.0.0',
  '0',
  '[::]',
  '[::ffff:0.0.0.0]',
  '224.0.0.1',
  '255.255.255.255',
  '[ff02::1]',
];

describe('a subscription', () => {
  let door: Door;
  beforeEach(async () => {
    door = await openDoor();
  });
  afterEach(() => door.listener.close(0));
  const subscribe = (url: string) =>
    door.call('POST', '/api/v1/subscriptions', { token: 'listener', body: { url, events: ['severed'] } });

  it.each(refused)('to http://%s is refused, and says why', async (host) => {
    const answered = await subscribe(`http://${host}/latest/meta-data/`);
    expect(answered).toMatchObject({ status: 400, json: { reason: 'bad-request' } });
    expect(answered.json.errors).toEqual([{ in: 'body', path: 'url', detail: expect.stringContaining('metadata') }]);
  });

  it.each([
    '127.0.0.1:5678',
    '10.0.0.7',
    '172.30.86.11:8081',
    '192.168.1.20',
    '100.64.0.3',
    '[::1]',
    '[fd7a:115c:a1e0::1]',
    'n8n:5678',
    'n8n.home.arpa',
    'n8n.example.org',
  ])('to http://%s is taken: receivers live there', async (host) => {
    expect((await subscribe(`http://${host}/hook`)).status).toBe(201);
  });

  it.each([
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'ftp://10.0.0.1/',
    'unix:/run/docker.sock',
    'http:',
    'http://',
    'x',
  ])('to %s is none', async (url) => {
    expect((await subscribe(url)).status).toBe(400);
  });
});

describe('a delivery', () => {
  it.each(refused)('to an address that was kept before it was refused is not sent: %s', async (host) => {
    expect(await post(`http://${host}:${port}/`)()).toEqual({ verdict: 'again', error: 'ERR_ADDRESS_REFUSED' });
    expect(requests).toEqual([]);
  });

  it.each([
    [['169.254.169.254']],
    [['fd00:ec2::254']],
    [['::ffff:169.254.169.254']],
    [['0.0.0.0']],
    [['127.0.0.1', '169.254.169.254']],
    [[]],
  ])('to a name that leads to %j is not sent', async (addresses) => {
    expect(await post(`http://hook.example.org:${port}/`, [addresses])()).toEqual({
      ...{ verdict: 'again', error: 'ERR_ADDRESS_REFUSED' },
    });
    expect(requests).toEqual([]);
  });

  it('to a name that leads elsewhere a moment later is judged each time that a connection is made', async () => {
    answer = (res) => void res.writeHead(204, { connection: 'close' }).end();
    const send = post(`http://hook.example.org:${port}/`, [['127.0.0.1'], ['169.254.169.254'], ['127.0.0.1']]);
    expect(await send()).toEqual({ verdict: 'taken', status: 204 });
    expect(await send()).toEqual({ verdict: 'again', error: 'ERR_ADDRESS_REFUSED' });
    expect(await send()).toEqual({ verdict: 'taken', status: 204 });
    expect(requests).toHaveLength(2);
  });

  it.each([301, 302, 303, 307, 308])('is not led on by a redirect (%i)', async (status) => {
    answer = (res) => void res.writeHead(status, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
    expect(await post(`http://127.0.0.1:${port}/`)()).toEqual({ verdict: 'again', status });
    expect(requests).toHaveLength(1);
  });

  it('reads little of what it is answered, and gives none of it back', async () => {
    let sent = 0;
    answer = (res) => {
      const more = (): void => {
        while (!res.destroyed && res.write('SECRET'.repeat(10_000))) sent += 60_000;
      };
      res.writeHead(200).on('drain', more);
      more();
    };
    const taken = await post(`http://127.0.0.1:${port}/`)();
    expect(taken).toEqual({ verdict: 'taken', status: 200 });
    // What the buffers of both sides hold, and no more.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  it('does not wait for a receiver that never ends', async () => {
    answer = () => undefined;
    expect(await post(`http://127.0.0.1:${port}/`)()).toEqual({ verdict: 'again', error: 'no answer in time' });
  });
});

it('what is no address is not judged before it is looked up', () => {
  for (const host of ['metadata.google.internal', '169.254.169.254.example.org', '', 'localhost'])
    expect(isNoReceiver(host)).toBe(false);
});
