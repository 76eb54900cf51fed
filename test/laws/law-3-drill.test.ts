import type { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import type { SqlStore } from '../../src/ledger/sql-store';
import type { Proof } from '../../src/orders/desk';
import { DRILL_OPERATOR, DRILL_PHONE, DRILL_SCOPE } from '../../src/orders/drill';
import type { Action } from '../../src/orders/order';
import { createDrillOperator, type DrillOperator } from '../../src/supervision/drill/operator';
import { codeOf, request, startDesk, TestClock } from '../support/desk';
import { emptied, freshStore } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';

/**
 * Law 3, only a person restores, and the one exception to it: the drill operator, which is no person, orders the scope
 * of the canary and nothing else; and nobody else orders that one.
 */

let pglite: PGlite;
let another: (timeoutMs?: number, now?: () => number) => SqlStore;
beforeAll(async () => {
  ({ pglite, another } = await freshStore());
});
afterAll(() => pglite.close());

type Ground = Awaited<ReturnType<typeof setUp>>;
let ground: Ground;

async function setUp() {
  await emptied(pglite);
  const clock = new TestClock();
  const store = another(2_000, clock.now);
  const operator = createDrillOperator(Buffer.alloc(32, 5), clock.now);
  const cutter = new ToyCutter();
  const config = { sms: { bareStop: 'sever' }, restore: { operators: 2 } };
  const made = startDesk({ store, cutters: [cutter], clock, config, drillOperator: operator.current });
  await store.refresh();
  made.start();
  const latch = (scope: string) => store.mirror()?.latches.get(scope);
  return { ...made, clock, store, operator, cutter, latch };
}
beforeEach(async () => {
  ground = await setUp();
});
afterEach(() => ground.close());

const fresh = async ({ operator, store, clock }: Ground, of: DrillOperator = operator): Promise<string> => {
  // Each use in a step of its own: what is refused here is not refused for its age.
  clock.advance(60);
  const lastStep = store.mirror()?.operators.get(DRILL_OPERATOR)?.lastStep ?? -1;
  return (await of.code(lastStep, new AbortController().signal)).code;
};
const byDrill = (code: string): Proof => ({ kind: 'phone', phone: DRILL_PHONE, code });

const action = fc.constantFrom<Action>('sever', 'restore');
const door = fc.constantFrom('phone', 'bare', 'operator');
const code = fc.constantFrom('right', 'wrong', 'none', 'backup', 'of a person');

it('the drill operator neither severs nor restores a scope of people, whatever it says and by whatever door', async () => {
  ground.operator.takeOffice();
  await ground.desk.order(request('sever', 'llm'), ground.by('alice'));
  const before = [ground.latch('agent'), ground.latch('llm')?.order];
  const sent: string[] = [];
  await fc.assert(
    fc.asyncProperty(action, fc.constantFrom('agent', 'llm'), door, code, async (what, scope, way, kind) => {
      const right = await fresh(ground);
      const digits = {
        right,
        wrong: '000000',
        none: '',
        backup: '1'.repeat(12),
        'of a person': codeOf('bob', ground.clock.now()),
      }[kind];
      const by = way === 'operator' ? { kind: way, operator: DRILL_OPERATOR } : { kind: 'phone', phone: DRILL_PHONE };
      const proof = {
        ...by,
        ...(digits === '' ? {} : { code: digits }),
        ...(way === 'bare' ? { bare: true } : {}),
      } as Proof;
      expect(await ground.desk.order(request(what, scope), proof)).toMatchObject({
        kind: 'refused',
        refused: 'no-right',
      });
      sent.push(`${what} ${scope} ${way} ${kind}`);
    }),
    { numRuns: 150 },
  );
  expect(sent.filter((one) => /restore llm \w+ right/.test(one)).length).toBeGreaterThan(0);
  expect([ground.latch('agent'), ground.latch('llm')?.order]).toEqual(before);
  expect([...ground.cutter.cut]).toEqual(['llm']);
  // It is no one whose code was used up by that: the same rights, and the scope that it has.
  expect(await ground.desk.order(request('sever', DRILL_SCOPE), byDrill(await fresh(ground)))).toMatchObject({
    kind: 'accepted',
  });
});

it.each<[string, (ground: Ground) => Proof]>([
  ['a person, by name', ({ by }) => by('alice')],
  ['a person, by phone', ({ clock }) => ({ kind: 'phone', phone: '+15550100001', code: codeOf('alice', clock.now()) })],
  ['a person with a bare STOP', () => ({ kind: 'phone', phone: '+15550100001', bare: true })],
  ['anybody with a backup code', () => ({ kind: 'phone', phone: '+15550100099', code: '1'.repeat(12) })],
  ['a token with every right', () => ({ kind: 'token', token: 'n8n', rights: ['stop', 'restore', 'drill'] })],
  ['the tripwire', () => ({ kind: 'tripwire' })],
  ['a person with the code of the drill', () => ({ kind: 'operator', operator: 'alice', code: '123456' })],
])('the scope of drills is not ordered by %s', async (_who, proofOf) => {
  ground.operator.takeOffice();
  for (const what of ['sever', 'restore'] as const) {
    const receipt = await ground.desk.order(request(what, DRILL_SCOPE), proofOf(ground));
    expect(receipt).toMatchObject({ kind: 'refused' });
  }
  expect(ground.latch(DRILL_SCOPE)).toBeUndefined();
  expect([...ground.cutter.cut]).toEqual([]);
});

it('the drill operator needs a fresh code for each of its orders, and none but a one-time password', async () => {
  ground.operator.takeOffice();
  const order = (what: Action, digits: string) => ground.desk.order(request(what, DRILL_SCOPE), byDrill(digits));
  const first = await fresh(ground);
  for (const digits of ['', '000000', '1'.repeat(12), '12345'])
    expect(await order('sever', digits)).toMatchObject({ kind: 'refused' });
  expect(await order('sever', first)).toMatchObject({ kind: 'accepted' });
  expect(await order('restore', first)).toMatchObject({ refused: 'code-used' });
  expect(ground.latch(DRILL_SCOPE)).toMatchObject({ order: 1 });
  // No second operator is asked for, though the configuration wants one of people.
  expect(await order('restore', await fresh(ground))).toMatchObject({ kind: 'accepted' });
});

it('outside of a drill there is no such operator', async () => {
  const end = ground.operator.takeOffice();
  const digits = await fresh(ground);
  end();
  expect(await ground.desk.order(request('sever', DRILL_SCOPE), byDrill(digits))).toMatchObject({
    refused: 'unknown-sender',
  });
  expect(ground.desk.operatorOf(DRILL_PHONE)).toBeUndefined();
  ground.operator.takeOffice();
  expect(ground.desk.operatorOf(DRILL_PHONE)).toMatchObject({ name: DRILL_OPERATOR });
});

it('another key has other codes', async () => {
  ground.operator.takeOffice();
  const other = createDrillOperator(Buffer.alloc(32, 6), ground.clock.now);
  const digits = await fresh(ground, other);
  expect(await ground.desk.order(request('sever', DRILL_SCOPE), byDrill(digits))).toMatchObject({
    refused: 'code-wrong',
  });
});

it('wrong codes under the number of drills lock nobody out', async () => {
  ground.operator.takeOffice();
  for (let guess = 0; guess < 60; guess += 1)
    await ground.desk.order(request('restore', DRILL_SCOPE), byDrill(String(guess).padStart(6, '0')));
  await ground.desk.order(request('sever'), ground.by('alice'));
  ground.clock.advance(60);
  expect(await ground.desk.order(request('restore'), ground.by('alice'))).toMatchObject({ kind: 'pending' });
});
