import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { validateRequest } from 'twilio/lib/webhooks/webhooks';
import { DRILL_PHONE } from '../../../src/orders/drill';
import { createDrillDoor, newMessageSid } from '../../../src/supervision/drill/door';

const ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response><Message>SEVERED drill</Message></Response>';
const SILENCE = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>';
const twilio = { accountSid: `AC${'1'.repeat(32)}`, authTokens: ['first', 'second'], numbers: ['+15550100100'] };

interface Taken {
  readonly path: string | undefined;
  readonly signature: string;
  readonly form: Record<string, string>;
}
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Somebody who answers texts, or doesn't. */
async function answering(status: number, body: string | undefined): Promise<{ url: string; taken: Taken[] }> {
  const taken: Taken[] = [];
  const server = createServer((req, res) => {
    let raw = '';
    req.on('data', (chunk) => {
      raw += chunk;
    });
    req.on('end', () => {
      const signature = String(req.headers['x-twilio-signature']);
      taken.push({ path: req.url, signature, form: Object.fromEntries(new URLSearchParams(raw)) });
      if (body !== undefined) res.writeHead(status, { 'content-type': 'text/xml' }).end(body);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, taken };
}

const doorTo = (publicUrl: string, listenerUrl: string, sms: object = { twilio }) =>
  createDrillDoor({
    config: { publicUrl, sms } as unknown as Parameters<typeof createDrillDoor>[0]['config'],
    ...{ listenerUrl, publicMs: 2_000, ownMs: 10_000 },
  });

it('texts by the public URL where that leads here, signed for it as Twilio does', async () => {
  const [outside, inside] = [await answering(200, ANSWER), await answering(200, ANSWER)];
  const id = newMessageSid();
  expect(await doorTo(`${outside.url}/p/`, inside.url)?.text('STOP drill 123456', id)).toEqual({
    way: 'by publicUrl',
    reply: 'SEVERED drill',
  });
  expect(inside.taken).toEqual([]);
  const [{ path, signature, form }] = outside.taken as [Taken];
  expect(path).toBe('/p/sms/twilio');
  expect(form).toMatchObject({ MessageSid: id, From: DRILL_PHONE, To: '+15550100100', Body: 'STOP drill 123456' });
  expect(validateRequest('first', signature, `${outside.url}/p/sms/twilio`, form)).toBe(true);
  expect(validateRequest('second', signature, `${outside.url}/p/sms/twilio`, form)).toBe(false);
});

it.each<[string, number, string | undefined, RegExp]>([
  ['is no door', 404, 'nothing here', /answers 404/],
  ['refuses it', 403, '', /answers 403/],
  ["is a router's page", 200, '<html></html>', /is answered by somebody else/],
  ['is a Pullcord that has no drill', 200, SILENCE, /led to another instance/],
  ['is a black hole', 200, undefined, /can't be reached \(no answer in 2000 ms\)/],
])(
  'where the public URL %s, takes the own listener, says so, and tries no second time',
  async (_what, status, body, how) => {
    const [outside, inside] = [await answering(status, body), await answering(200, ANSWER)];
    const door = doorTo(outside.url, inside.url);
    const id = newMessageSid();
    const texted = await door?.text('STOP drill 123456', id);
    expect(texted).toEqual({ way: expect.stringMatching(how), reply: 'SEVERED drill' });
    expect(inside.taken).toMatchObject([{ path: '/sms/twilio', form: { MessageSid: id } }]);
    // The signature is for the public URL, by whichever way it comes.
    expect(
      validateRequest(
        'first',
        inside.taken[0]?.signature ?? '',
        `${outside.url}/sms/twilio`,
        inside.taken[0]?.form ?? {},
      ),
    ).toBe(true);
    await door?.text('RESTORE drill 654321', newMessageSid());
    expect([outside.taken.length, inside.taken.length]).toEqual([1, 2]);
  },
);

it('fails when the own listener does not take it, without the code in the error', async () => {
  const inside = await answering(403, '');
  const sent = doorTo('http://127.0.0.1:1', inside.url)?.text('STOP drill 123456', newMessageSid());
  await expect(sent).rejects.toThrow(/own listener answers 403/);
  await expect(sent).rejects.not.toThrow(/123456/);
});

it('reaches a listener of every interface over loopback', async () => {
  const inside = await answering(200, ANSWER);
  const everywhere = inside.url.replace('127.0.0.1', '0.0.0.0');
  expect(await doorTo('http://127.0.0.1:1', everywhere)?.text('STOP drill 123456', newMessageSid())).toMatchObject({
    reply: 'SEVERED drill',
  });
});

it('is none where no provider is configured', () =>
  expect(doorTo('http://127.0.0.1:1', 'http://127.0.0.1:1', {})).toBeUndefined());
