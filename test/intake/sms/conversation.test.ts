import type { Outcome, Receipt } from '../../../src/orders/desk';
import { ALICE, type Door, STRANGER, startDoor } from '../../support/sms-door';
import { until } from '../../support/until';

const doors: Door[] = [];
async function open(setup: Parameters<typeof startDoor>[0] = {}): Promise<Door> {
  const door = await startDoor(setup);
  doors.push(door);
  return door;
}
afterEach(async () => {
  await Promise.all(doors.splice(0).map((door) => door.close()));
});

const severing: Outcome = { state: 'severing', ms: 900, cut: 0, gateways: 1, missing: ['gw-2 does not answer'] };
const never = <T>(): Promise<T> => new Promise(() => undefined);
const asks = (door: Door): readonly unknown[] =>
  door.desk.asked.map(({ request, proof }) => [request.action, request.scope, proof]);

describe('an operator', () => {
  test('stops and restores, each by one text', async () => {
    const { phone, desk } = await open();
    await phone.text(ALICE, 'STOP 492039');
    expect(await phone.expectReply(ALICE, /./)).toMatch(/^SEVERED agent: 3 routes refused on 2 gateways/);
    await phone.text(ALICE, 'restore llm 111 222');
    expect(await phone.expectReply(ALICE, /./)).toMatch(/^RESTORED llm: served again on 2 gateways/);
    expect(desk.asked.map(({ request }) => [request.action, request.scope])).toEqual([
      ['sever', 'agent'],
      ['restore', 'llm'],
    ]);
    expect(phone.inbox(ALICE).all).toHaveLength(2);
  });

  test.each<readonly [string, unknown]>([
    ['CUT llm 492039', ['sever', 'llm', { kind: 'phone', phone: ALICE, code: '492039' }]],
    ['stop 1234-5678-9012', ['sever', 'agent', { kind: 'phone', phone: ALICE, code: '123456789012' }]],
    ['restore 1234 5678 9012', ['restore', 'agent', { kind: 'phone', phone: ALICE, code: '123456789012' }]],
    ['cut', ['sever', 'agent', { kind: 'phone', phone: ALICE }]],
    ['STOP 4920', ['sever', 'agent', { kind: 'phone', phone: ALICE }]],
    ['RESTORE STOP 492039', ['sever', 'agent', { kind: 'phone', phone: ALICE, code: '492039' }]],
    ['restore', ['restore', 'agent', { kind: 'phone', phone: ALICE }]],
  ])('%s', async (text, asked) => {
    const door = await open();
    await door.phone.text(ALICE, text);
    expect(asks(door)).toEqual([asked]);
  });

  test.each<readonly [string, RegExp, readonly string[]]>([
    ['hello?', /^Not understood\. CUT \+ code/, ['not-understood']],
    ["don't restore 492039", /^Not understood/, ['not-understood']],
    ['STOP lmm 492039', /^No scope is called lmm\. There are: agent, llm\.$/, ['unknown-scope']],
    ['HELP', /^CUT \+ code stops\..*: agent, llm\.$/, []],
    ['START', /^CUT \+ code stops/, []],
    ['STATUS', /^llm SEVERED 5 min \(order 7\), agent live\.$/, []],
  ])('%s is answered, and no order is made of it', async (text, reply, reasons) => {
    const { phone, desk } = await open();
    expect((await phone.text(ALICE, text)).reply).toMatch(reply);
    expect(desk.asked).toEqual([]);
    expect(desk.reasons).toEqual(reasons);
  });

  test('needs the right to see the status', async () => {
    const { phone, desk } = await open();
    desk.rights = ['stop'];
    expect((await phone.text(ALICE, 'STATUS')).reply).toBe('You have no right to do this.');
    expect(desk.timesLatchesWereRead).toBe(0);
    expect(desk.reasons).toEqual(['no-right']);
  });

  test.each<readonly [string, Receipt, string]>([
    [
      'STOP 492039',
      { kind: 'refused', refused: 'code-wrong' },
      'Wrong code. Wait for the next 6 digits and text again.',
    ],
    [
      'STOP 492039',
      { kind: 'refused', refused: 'code-locked', detail: 'For 12 more minutes.' },
      'Too many wrong codes. Use a printed backup code to stop; restore is locked for a while. For 12 more minutes.',
    ],
    [
      'CUT 49203',
      { kind: 'refused', refused: 'code-missing' },
      'Not a code: 5 digits. Your app shows 6, a printed backup code has 12.',
    ],
    ['CUT', { kind: 'refused', refused: 'code-missing' }, 'A code is needed: add the 6 digits that your app shows.'],
    [
      'RESTORE 492039',
      { kind: 'pending', scope: 'agent', operator: 'alice', withinSeconds: 600 },
      'RESTORE agent waits for a second operator. Another person texts RESTORE agent + code within 10 min.',
    ],
  ])('%s, and the desk says %j', async (text, receipt, reply) => {
    const { phone, desk, followed, told, alarms } = await open();
    desk.decide = async () => receipt;
    expect((await phone.text(ALICE, text)).reply).toBe(reply);
    expect([...followed, ...told, ...alarms]).toEqual([]);
  });
});

describe('a stranger', () => {
  test.each([
    'hello',
    'STOP',
    'STOP 492039',
    'RESTORE 492039',
    'RESTORE 1234 5678 9012',
    'STATUS',
    'HELP',
    '123456789012',
  ])('hears nothing and orders nothing by %j', async (text) => {
    const { phone, desk, alarms } = await open();
    expect(await phone.text(STRANGER, text)).toMatchObject({ status: 200 });
    expect(phone.inbox(STRANGER).all.filter(({ via }) => via !== 'keyword')).toEqual([]);
    expect(desk.asked).toEqual([]);
    expect(desk.timesLatchesWereRead).toBe(0);
    expect(desk.reasons).toEqual(['unknown-sender']);
    expect(alarms).toEqual([]);
  });

  test('stops with a backup code, and is told the result', async () => {
    const door = await open();
    const { reply } = await door.phone.text(STRANGER, 'stop llm 1234 5678 9012');
    expect(reply).toMatch(/^SEVERED llm/);
    expect(asks(door)).toEqual([['sever', 'llm', { kind: 'phone', phone: STRANGER, code: '123456789012' }]]);
    expect(door.desk.refusals).toEqual([]);
  });

  test('stops with a backup code although the scope is misspelt: there is no way to ask', async () => {
    const door = await open();
    expect((await door.phone.text(STRANGER, 'stop lmm 1234 5678 9012')).reply).toMatch(/^SEVERED agent/);
    expect(asks(door)).toEqual([['sever', 'agent', { kind: 'phone', phone: STRANGER, code: '123456789012' }]]);
  });

  test.each<readonly [string, () => Promise<Receipt>]>([
    ['is refused', async () => ({ kind: 'refused', refused: 'unknown-sender' })],
    ['fails', () => Promise.reject(new Error('broken'))],
    ['takes too long', never],
  ])('hears nothing when the order %s', async (_, decide) => {
    const { phone, desk, said } = await open({ replyMs: 500 });
    desk.decide = decide;
    const { status, reply } = await phone.text(STRANGER, 'STOP 1234 5678 9012');
    expect([status, reply]).toEqual([200, undefined]);
    expect(desk.asked).toHaveLength(1);
    expect(said).toEqual([]);
  });
});

describe('the same message again', () => {
  test('an order is answered as the first time, and there is one', async () => {
    const { phone, desk } = await open();
    const first = await phone.text(ALICE, 'STOP 492039');
    const second = await phone.again(first.messageSid);
    expect(second).toEqual(first);
    expect(new Set(desk.asked.map(({ request }) => request.key)).size).toBe(1);
    expect(desk.orders.size).toBe(1);
  });

  test('a captured STATUS brings the old answer, not a new one', async () => {
    const { phone, desk } = await open();
    const first = await phone.text(ALICE, 'STATUS');
    desk.latches = () => [{ scope: 'agent', state: 'severed', order: 99, since: 0 }];
    expect((await phone.again(first.messageSid)).reply).toBe(first.reply);
    expect((await phone.text(ALICE, 'STATUS')).reply).toMatch(/agent SEVERED/);
  });
});

describe('in time or not', () => {
  test('what is not seen in time is said with what is missing, and the result follows', async () => {
    const { phone, desk, followed, told } = await open({ replyMs: 500 });
    const waits: number[] = [];
    desk.see = async (_, waitMs) => {
      waits.push(waitMs);
      return severing;
    };
    expect((await phone.text(ALICE, 'STOP 492039')).reply).toBe(
      'SEVERING agent, order 1: not yet seen everywhere: gw-2 does not answer. Keeps trying.',
    );
    expect(waits).toEqual([expect.any(Number)]);
    expect(waits[0]).toBeGreaterThan(200);
    expect(waits[0]).toBeLessThanOrEqual(400);
    expect(followed.map(({ number }) => number)).toEqual([1]);
    expect(told).toEqual([]);
  });

  test.each<readonly [string, () => Promise<Outcome>]>([
    ['never comes', never],
    ['fails', () => Promise.reject(new Error('broken'))],
  ])('an outcome that %s does not keep the answer back', async (_, see) => {
    const { phone, desk, followed } = await open({ replyMs: 500 });
    desk.see = see;
    const began = performance.now();
    expect((await phone.text(ALICE, 'STOP 492039')).reply).toBe('SEVER agent: order 1 taken. The result follows.');
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(followed.map(({ number }) => number)).toEqual([1]);
  });

  const late = async (receipt: (door: Door) => Promise<Receipt>): Promise<Door> => {
    const door = await open({ replyMs: 500 });
    let decide = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      decide = resolve;
    });
    door.desk.decide = async () => {
      await waiting;
      return receipt(door);
    };
    expect((await door.phone.text(ALICE, 'STOP 492039')).reply).toBe(
      'SEVER agent is being worked on. The result follows. STATUS shows how it stands.',
    );
    expect([...door.followed, ...door.said]).toEqual([]);
    decide();
    return door;
  };

  test('an order that is accepted late is followed', async () => {
    const { followed, said } = await late(async ({ desk }) => {
      const [first] = desk.asked;
      if (!first) throw new Error('not asked');
      return desk.accept(first.request);
    });
    await until(() => followed.length === 1);
    expect(said).toEqual([]);
  });

  test('a refusal that is late is texted', async () => {
    const { said, followed } = await late(async () => ({ kind: 'refused', refused: 'code-used' }));
    await until(() => said.length === 1);
    expect(said[0]).toMatchObject({ to: ALICE, text: expect.stringMatching(/^This code was used already/) });
    expect(followed).toEqual([]);
  });

  test('a failure that is late is texted, and is an alarm', async () => {
    const { said, alarms } = await late(() => Promise.reject(new Error('broken')));
    await until(() => said.length === 1 && alarms.length === 1);
    expect(said[0]?.text).toMatch(/Pullcord failed/);
  });

  test('going down: the order stands, and its result follows after the start', async () => {
    const { phone, desk, closing, followed } = await open({ replyMs: 10_000 });
    desk.see = () => {
      closing.abort();
      return never();
    };
    expect((await phone.text(ALICE, 'STOP 492039')).reply).toBe('SEVER agent: order 1 taken. The result follows.');
    expect(followed).toHaveLength(1);
  });

  test('a desk that fails is said, and is an alarm', async () => {
    const { phone, desk, alarms, followed } = await open();
    desk.decide = () => Promise.reject(new Error('broken'));
    expect((await phone.text(ALICE, 'STOP 492039')).reply).toMatch(/^SEVER agent: Pullcord failed/);
    expect(alarms).toEqual([{ key: 'sms desk', text: expect.stringMatching(/Pullcord failed/) }]);
    expect(followed).toEqual([]);
  });
});

describe('a bare STOP', () => {
  const refuseBare = (door: Door): void => {
    door.desk.decide = async (request, proof) =>
      proof.kind === 'phone' && proof.bare ? { kind: 'refused', refused: 'bare-stop' } : door.desk.accept(request);
  };

  test.each(['STOP', 'stop.', 'UNSUBSCRIBE', ' Cancel '])(
    '%j: no reply is tried, the others are told',
    async (text) => {
      const door = await open();
      refuseBare(door);
      const { messageSid, ...rest } = await door.phone.text(ALICE, text);
      expect(rest).toEqual({ status: 200 });
      expect(asks(door)).toEqual([['sever', 'agent', { kind: 'phone', phone: ALICE, bare: true }]]);
      expect(door.alarms).toEqual([
        {
          key: `sms ${messageSid}`,
          text: 'alice: STOP came without a code. Opted out: gets no texts until START. Text START, then CUT and your 6 digits.',
        },
      ]);
      await door.phone.again(messageSid);
      expect(door.alarms).toHaveLength(1);
    },
  );

  test('severs where it is configured so; the result goes the other way', async () => {
    const door = await open({ sms: { bareStop: 'sever' } });
    const { error, reply } = await door.phone.text(ALICE, 'STOP');
    expect([error, reply]).toEqual([undefined, undefined]);
    expect(asks(door)).toEqual([['sever', 'agent', { kind: 'phone', phone: ALICE, bare: true }]]);
    expect(door.alarms[0]?.text).toMatch(/^alice: SEVERED agent: 3 routes .* until START\. Order 1\./);
    await until(() => door.told.length === 1);
  });

  test.each(['STOP llm', 'CUT', 'STOP 4920'])('where a bare STOP stops, so does %j', async (text) => {
    const door = await open({ sms: { bareStop: 'sever' } });
    expect((await door.phone.text(ALICE, text)).reply).toMatch(/^SEVERED/);
    expect(door.desk.asked[0]?.proof).toEqual({ kind: 'phone', phone: ALICE, bare: true });
    expect(door.alarms).toEqual([]);
  });

  test('never makes a RESTORE need no code', async () => {
    const door = await open({ sms: { bareStop: 'sever' } });
    await door.phone.text(ALICE, 'RESTORE');
    expect(door.desk.asked[0]?.proof).toEqual({ kind: 'phone', phone: ALICE });
  });

  test('until START, results go both ways: the reply can fail', async () => {
    const door = await open();
    refuseBare(door);
    await door.phone.text(ALICE, 'STOP');
    expect(await door.phone.text(ALICE, 'STOP 492039')).toMatchObject({ status: 200, error: 21610 });
    expect(door.alarms[1]?.text).toMatch(/^To alice: SEVERED agent/);
    expect((await door.phone.text(ALICE, 'START')).reply).toMatch(/^CUT \+ code/);
    expect((await door.phone.text(ALICE, 'STOP 111111')).reply).toMatch(/^SEVERED agent/);
    expect(door.alarms).toHaveLength(2);
  });

  test('what Advanced Opt-Out took for an opt-out is one', async () => {
    const door = await open();
    const { reply } = await door.phone.text(ALICE, 'arret', { OptOutType: 'STOP' });
    expect(reply).toBeUndefined();
    expect(door.desk.asked).toEqual([]);
    expect(door.alarms[0]?.text).toMatch(/^alice: Not understood\. Opted out/);
  });
});
