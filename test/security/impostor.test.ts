import type { PGlite } from '@electric-sql/pglite';
import type { SqlStore } from '../../src/ledger/sql-store';
import type { Proof } from '../../src/orders/desk';
import { codeOf, people, request, startDesk, TestClock } from '../support/desk';
import { emptied, freshStore } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';

/** Threats: somebody has an operator's number, and not the phone; somebody guesses codes under many numbers. */

let pglite: PGlite;
let another: (timeoutMs?: number, now?: () => number) => SqlStore;
let close: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ pglite, another } = await freshStore());
});
afterAll(() => pglite.close());
beforeEach(() => emptied(pglite));
afterEach(async () => {
  await close?.();
  close = undefined;
});

async function setUp(config: Record<string, unknown> = {}) {
  const clock = new TestClock();
  const cutter = new ToyCutter();
  const store = another(10_000, clock.now);
  const made = startDesk({ store, cutters: [cutter], clock, config: { bounds: { ledgerMs: 5_000 }, ...config } });
  await store.refresh();
  made.start();
  close = made.close;
  const say = (action: 'sever' | 'restore', proof: Proof) => made.desk.order(request(action), proof);
  return { ...made, clock, cutter, store, say };
}

const [ALICE, BOB] = ['+15550100001', '+15550100002'];
const phone = (number: string, code?: string, bare?: true): Proof => ({
  ...{ kind: 'phone', phone: number },
  ...(code === undefined ? {} : { code }),
  ...(bare ? { bare } : {}),
});

describe('whoever has the number alone (a SIM swapped, a sender spoofed)', () => {
  const words: readonly (readonly [string, Proof])[] = [
    ['no code', phone(ALICE)],
    ['a bare word', phone(ALICE, undefined, true)],
    ['a code of nobody', phone(ALICE, '000000')],
    ["another operator's code", phone(ALICE, codeOf('bob', new TestClock().now()))],
    ['twelve digits of nobody', phone(ALICE, '999999999999')],
  ];

  it.each(words)('restores nothing with %s, and stops nothing', async (_what, proof) => {
    const { say, cutter, clock } = await setUp();
    expect(await say('sever', proof)).toMatchObject({ kind: 'refused' });
    expect(cutter.cut.size).toBe(0);
    expect(await say('sever', phone(BOB, codeOf('bob', clock.now())))).toMatchObject({ kind: 'accepted' });
    expect(await say('restore', proof)).toMatchObject({ kind: 'refused' });
    expect(cutter.writes).toEqual(['cut agent']);
  });

  it('can stop by a bare word where that is set, and restores nothing there either', async () => {
    const { say, cutter } = await setUp({ sms: { bareStop: 'sever' } });
    expect(await say('sever', phone(ALICE, undefined, true))).toMatchObject({ kind: 'accepted' });
    expect(await say('restore', phone(ALICE, undefined, true))).toMatchObject({ refused: 'bare-stop' });
    expect(cutter.writes).toEqual(['cut agent']);
  });

  it('with a code that was overheard restores nothing once it was used', async () => {
    const { say, clock } = await setUp();
    const code = codeOf('alice', clock.now());
    expect(await say('sever', phone(ALICE, code))).toMatchObject({ kind: 'accepted' });
    clock.advance(20);
    expect(await say('restore', phone(ALICE, code))).toMatchObject({ refused: 'code-used' });
  });

  it('with a backup code that was found restores nothing', async () => {
    const { say } = await setUp();
    expect(await say('sever', phone(BOB, '222222222222'))).toMatchObject({ kind: 'accepted' });
    for (const code of ['222222222222', '111111111111'])
      expect(await say('restore', phone(ALICE, code))).toMatchObject({ kind: 'refused' });
  });

  it('with the app as well is the operator: two are needed where that is set', async () => {
    const { say, clock, cutter } = await setUp({ restore: { operators: 2 } });
    await say('sever', phone(BOB, codeOf('bob', clock.now())));
    for (let minute = 0; minute < 3; minute += 1) {
      clock.advance(60);
      const asked = await say('restore', phone(ALICE, codeOf('alice', clock.now())));
      expect(asked.kind).not.toBe('accepted');
    }
    expect(cutter.cut.has('agent')).toBe(true);
  });
});

describe('whoever guesses codes', () => {
  const wrong = (turn: number): string => String(turn % 1_000_000).padStart(6, '0');

  it('under a thousand numbers of strangers gets nowhere: nothing is compared, counted or locked', async () => {
    const { say, store, clock } = await setUp();
    for (let turn = 0; turn < 1_000; turn += 1) {
      const number = `+1555020${String(turn).padStart(4, '0')}`;
      expect(await say(turn % 2 ? 'sever' : 'restore', phone(number, wrong(turn)))).toEqual({
        ...{ kind: 'refused', refused: 'unknown-sender' },
      });
    }
    expect([...(await store.refresh()).operators.values()].flatMap(({ failures }) => failures)).toEqual([]);
    expect(await say('sever', phone(ALICE, codeOf('alice', clock.now())))).toMatchObject({ kind: 'accepted' });
  });

  it('under all numbers of operators locks RESTORE for all, and STOP for nobody whose own number it was not', async () => {
    const { say, clock } = await setUp({ throttle: { overallFailures: 8, restoreFailures: 5, stopFailures: 20 } });
    // Five are let in for each operator, of which eight together are the end of RESTORE.
    for (let turn = 0; turn < 8; turn += 1)
      expect(await say('restore', phone(turn % 2 ? ALICE : BOB, wrong(turn)))).toMatchObject({ refused: 'code-wrong' });
    for (const [name, number] of [
      ['alice', ALICE],
      ['bob', BOB],
    ] as const) {
      const code = codeOf(name, clock.now());
      expect(await say('restore', phone(number, code))).toMatchObject({ refused: 'code-locked' });
      expect(await say('sever', phone(number, code))).toMatchObject({ kind: 'accepted' });
    }
  });

  it('finds no more when it goes on for a day: so many tries are compared, and all others are not', async () => {
    const { say, clock } = await setUp();
    let compared = 0;
    for (let minute = 0; minute < 24 * 60; minute += 5) {
      clock.advance(300);
      const asked = await say('restore', phone(ALICE, wrong(minute)));
      if (asked.kind === 'refused' && asked.refused === 'code-wrong') compared += 1;
    }
    // Five in each window of six hours, of which a day has four.
    expect(compared).toBeLessThanOrEqual(5 * 5);
    expect(compared).toBeGreaterThan(10);
  });

  it('until the STOP of one operator is locked, too: backup codes and the other operators still stop', async () => {
    const { say, clock, cutter } = await setUp();
    for (let turn = 0; turn < 20; turn += 1) await say('sever', phone(ALICE, wrong(turn)));
    expect(await say('sever', phone(ALICE, codeOf('alice', clock.now())))).toMatchObject({ refused: 'code-locked' });
    expect(await say('sever', phone(ALICE, '111111111111'))).toMatchObject({ kind: 'accepted' });
    expect(await say('sever', phone(BOB, codeOf('bob', clock.now())))).toMatchObject({ kind: 'accepted' });
    expect(cutter.cut.has('agent')).toBe(true);
    const program: Proof = { kind: 'token', token: 'n8n', rights: ['stop'] };
    expect(await say('sever', program)).toMatchObject({ kind: 'accepted' });
  });
});

it('the numbers of these tests are those of the operators', () => {
  expect(people.map(({ phones }) => phones[0])).toEqual([ALICE, BOB]);
});
