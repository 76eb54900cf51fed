import { createReplies } from '../../../src/intake/sms/replies';
import type { Outcome } from '../../../src/orders/desk';
import { DRILL_OPERATOR, DRILL_PHONE } from '../../../src/orders/drill';
import type { Order } from '../../../src/orders/order';
import { ALICE, type Door, startDoor } from '../../support/sms-door';

/** Texts of drills take the same way as those of people; people neither see nor reach them, and nobody texts back. */

let door: Door | undefined;
afterEach(async () => {
  await door?.close();
  door = undefined;
});

async function open(): Promise<Door> {
  door = await startDoor();
  return door;
}

it('to people there is no scope of drills, and STATUS leaves it out', async () => {
  const door = await open();
  const known = door.desk.latches();
  door.desk.latches = () => [...known, { scope: 'drill', state: 'severed', order: 9, since: Date.now(), incident: 9 }];
  expect((await door.phone.text(ALICE, 'STATUS')).reply).toBe('llm SEVERED 5 min (order 7), agent live.');
  for (const text of ['STOP drill 492039', 'RESTORE drill 492039'])
    expect((await door.phone.text(ALICE, text)).reply).toBe('No scope is called drill. There are: agent, llm.');
  expect((await door.phone.text(ALICE, 'HELP')).reply).not.toContain('drill');
  expect(door.desk.asked).toEqual([]);
});

it('a drill orders its scope by the same conversation, and leaves no number to reply to', async () => {
  const door = await open();
  const operatorOf = door.desk.operatorOf.bind(door.desk);
  door.desk.operatorOf = (phone) =>
    phone === DRILL_PHONE ? { name: DRILL_OPERATOR, rights: ['stop', 'restore'] } : operatorOf(phone);
  expect((await door.phone.text(DRILL_PHONE, 'STOP drill 492039')).reply).toMatch(/^SEVERED drill/);
  expect(door.desk.asked).toMatchObject([
    { request: { action: 'sever', scope: 'drill' }, proof: { kind: 'phone', phone: DRILL_PHONE, code: '492039' } },
  ]);
  expect(door.desk.asked[0]?.request).not.toHaveProperty('replyTo');
  expect((await door.phone.text(DRILL_PHONE, 'STATUS')).reply).toBe('You have no right to do this.');
});

it('outside of a drill its number is that of a stranger: silence, and no order', async () => {
  const door = await open();
  expect(await door.phone.text(DRILL_PHONE, 'STOP drill 492039')).toMatchObject({ status: 200 });
  expect((await door.phone.text(DRILL_PHONE, 'STOP 492039')).reply).toBeUndefined();
  expect(door.desk.asked).toEqual([]);
});

it('nothing is ever texted to the number of drills', async () => {
  const texted: string[] = [];
  const replies = createReplies({
    sender: {
      send: async (to) => {
        texted.push(to);
        return { ok: true, sid: 'SM' };
      },
    },
    note: () => undefined,
    desk: { outcome: async (): Promise<Outcome> => ({ state: 'live', ms: 1, cut: 0, gateways: 1, missing: [] }) },
    alarm: (key) => texted.push(`alarm ${key}`),
  });
  const order = { number: 1, key: 'k', action: 'restore', scope: 'drill' } as Order;
  for (const replyTo of [DRILL_PHONE, ALICE]) {
    await replies.tell({ ...order, replyTo });
    await replies.say(replyTo, 'later');
  }
  expect(texted).toEqual([ALICE, ALICE]);
});
