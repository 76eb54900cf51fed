import pino from 'pino';
import { createReplies } from '../../src/intake/sms/replies';
import type { Order } from '../../src/orders/order';
import { type Job, jobSchema } from '../../src/queue/jobs';
import { processor } from '../../src/queue/process';
import { ALICE, type Door, fieldsOf, sign, startDoor, WEBHOOK_URL } from '../support/sms-door';

/** Threat: what was captured is sent again: a webhook of Twilio's, a job of the queue. */

describe('a webhook of Twilio that was captured', () => {
  let door: Door;
  beforeEach(async () => {
    door = await startDoor();
  });
  afterEach(() => door.close());

  const send = (fields: Record<string, string>, signature: string) =>
    fetch(door.url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
      body: new URLSearchParams(fields).toString(),
    });

  it.each(['STOP 492039', 'RESTORE 492039'])('is one order, however often it comes: %s', async (Body) => {
    const fields = fieldsOf({ From: ALICE, Body }) as Record<string, string>;
    const signature = sign(fields, WEBHOOK_URL);
    for (let turn = 0; turn < 5; turn += 1) expect((await send(fields, signature)).status).toBe(200);
    // Each is put to the desk under the same key, which the ledger takes once.
    expect(new Set(door.desk.asked.map(({ request }) => request.key)).size).toBe(1);
    expect(door.desk.orders.size).toBe(1);
  });

  it('under another id, so that it would be another order, is not signed', async () => {
    const fields = fieldsOf({ From: ALICE, Body: 'STOP 492039' }) as Record<string, string>;
    const again = { ...fields, MessageSid: `SM${'0'.repeat(32)}` };
    expect((await send(again, sign(fields, WEBHOOK_URL))).status).toBe(403);
    expect(door.desk.asked).toEqual([]);
  });

  it('that asked for STATUS tells what it told then, and nothing of now', async () => {
    const fields = fieldsOf({ From: ALICE, Body: 'STATUS' }) as Record<string, string>;
    const signature = sign(fields, WEBHOOK_URL);
    await send(fields, signature);
    await send(fields, signature);
    expect(door.desk.timesLatchesWereRead).toBe(1);
  });
});

describe('a job that somebody puts into the queue again', () => {
  const order = { number: 7, key: 'sms:SM1', action: 'sever', scope: 'agent', replyTo: ALICE } as Order;

  function answering() {
    const texts: string[] = [];
    let busy = false;
    const replies = createReplies({
      note: () => undefined,
      sender: {
        send: async (to) => {
          if (busy) return { ok: false, code: 'network', retry: true, recipientOnly: false, advice: 'later' };
          texts.push(to);
          return { ok: true, sid: 'SM' };
        },
      },
      desk: { outcome: async () => ({ state: 'severed', ms: 1, cut: 1, gateways: 1, missing: [] }) },
      alarm: () => undefined,
    });
    const take = async (): Promise<void> => undefined;
    const process = processor(
      { enforce: take, deliver: take, drill: take, reply: () => replies.tellOnce(order) },
      pino({ level: 'silent' }),
    );
    const job: Job = { name: 'reply', order: 7, correlation: 'SM1' };
    const put = () => process({ id: 'reply-7', data: job, attemptsMade: 0, opts: { attempts: 8 } });
    return {
      texts,
      put,
      busy: (is: boolean) => {
        busy = is;
      },
    };
  }

  it('texts nobody twice, not even when it comes at the same moment', async () => {
    const { texts, put } = answering();
    await Promise.all([put(), put(), put()]);
    await put();
    expect(texts).toEqual([ALICE]);
  });

  it('is still tried again when it did not get through', async () => {
    const { texts, put, busy } = answering();
    busy(true);
    await expect(put()).rejects.toThrow('failed: see the log');
    busy(false);
    await put();
    await put();
    expect(texts).toEqual([ALICE]);
  });

  it('can hold no order of its own: neither what is to be cut, nor whom to tell, nor what', () => {
    const shapes = jobSchema.options.map((one) => Object.keys(one.shape).sort().join(' '));
    expect(shapes).toEqual([
      'action correlation name order',
      'correlation name order',
      'event name subscription',
      'name',
    ]);
  });
});
