import type { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import type { Goal, Report } from '../../src/cutters/cutter';
import type { SqlStore } from '../../src/ledger/sql-store';
import { type Store, StoreUnavailable } from '../../src/ledger/store';
import type { Receipt } from '../../src/orders/desk';
import type { Order } from '../../src/orders/order';
import { codeOf, people, request, startDesk, TestClock } from '../support/desk';
import { emptied, freshStore } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';
import { until } from '../support/until';

let pglite: PGlite;
let another: (timeoutMs?: number, now?: () => number) => SqlStore;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  ({ pglite, another } = await freshStore());
});
afterAll(() => pglite.close());
beforeEach(() => emptied(pglite));
afterEach(async () => {
  while (closing.length > 0) await closing.pop()?.();
});

async function setUp(
  options: { config?: Record<string, unknown>; cutters?: ToyCutter[]; store?: Store; clock?: TestClock } = {},
) {
  const clock = options.clock ?? new TestClock();
  const cutters = options.cutters ?? [new ToyCutter()];
  const store = options.store ?? another(2_000, clock.now);
  const made = startDesk({ store, cutters, clock, ...(options.config ? { config: options.config } : {}) });
  await store.refresh().catch(() => undefined);
  made.start();
  closing.push(made.close);
  return { ...made, clock, store, cutter: cutters[0] as ToyCutter };
}

const orderOf = (receipt: Receipt): Order => {
  if (receipt.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(receipt)}`);
  return receipt.order;
};
const kinds = async (store: Store) => (await store.lines({ limit: 100 })).map((line) => line.kind);

describe('law 1, stop wins', () => {
  it('a stop overtakes a restore that hangs, and nothing is released on behalf of the older order', async () => {
    const { desk, by, clock, cutter } = await setUp();
    await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
    clock.advance(60);
    let open = (): void => undefined;
    cutter.gate = new Promise((resolve) => {
      open = resolve;
    });
    const restore = orderOf(await desk.order(request('restore'), by('alice')));
    await until(() => cutter.goals.at(-1)?.severed.size === 0);
    clock.advance(60);
    const stop = orderOf(await desk.order(request('sever'), by('alice')));
    cutter.gate = undefined;
    open();
    expect(await desk.outcome(stop, 2_000)).toMatchObject({ state: 'severed' });
    expect(await desk.outcome(restore, 0)).toMatchObject({ state: 'overtaken' });
    expect(cutter.writes).toEqual(['cut agent']);
  });

  it('two people who stop at once leave neither of them in doubt', async () => {
    const { desk, by } = await setUp();
    const first = orderOf(await desk.order(request('sever'), by('alice')));
    const second = orderOf(await desk.order(request('sever'), by('bob')));
    expect(await desk.outcome(second, 2_000)).toMatchObject({ state: 'severed' });
    // On paper, too.
    await until(() => desk.latches().find(({ scope }) => scope === first.scope)?.state === 'severed');
    expect(await desk.outcome(first, 0)).toMatchObject({
      ...{ state: 'overtaken', overtakenBy: { order: second.number, state: 'severed' } },
    });
    expect(await desk.outcome(second, 0)).not.toHaveProperty('overtakenBy');
  });

  it('a stop cancels the first half of a restore by two', async () => {
    const { desk, by, clock } = await setUp({ config: { restore: { operators: 2 } } });
    await desk.order(request('sever'), by('alice'));
    clock.advance(60);
    expect(await desk.order(request('restore'), by('alice'))).toMatchObject({ kind: 'pending', operator: 'alice' });
    await desk.order(request('sever'), by('bob'));
    clock.advance(60);
    expect(await desk.order(request('restore'), by('bob'))).toMatchObject({ kind: 'pending', operator: 'bob' });
  });
});

describe('law 1, on paper (law 8)', () => {
  it('what a pass has written is on paper, though a later order overtook it', async () => {
    /** Writes, and then looks until it is overtaken. */
    class Lingering extends ToyCutter {
      lingers = false;
      override async enforce(goal: Goal, overtaken: AbortSignal): Promise<Report> {
        const report = await super.enforce(goal, overtaken);
        if (this.lingers && report.writes.includes('release agent'))
          await new Promise((resolve) => overtaken.addEventListener('abort', resolve));
        return report;
      }
    }
    const cutter = new Lingering();
    const { desk, by, clock, store } = await setUp({ cutters: [cutter] });
    await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
    clock.advance(60);
    cutter.lingers = true;
    await desk.order(request('restore'), by('alice'));
    await until(() => cutter.writes.includes('release agent'));
    clock.advance(60);
    await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
    const written = async () => (await store.lines({ limit: 100 })).filter(({ kind }) => kind === 'write');
    await until(async () => (await written()).length >= 3);
    expect((await written()).map(({ data }) => data.what)).toEqual(['cut agent', 'release agent', 'cut agent']);
  });

  it('leave to release is not given once a stop came, though it was asked for before', async () => {
    const { desk, by, clock, cutter, store } = await setUp();
    await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
    clock.advance(60);
    await desk.outcome(orderOf(await desk.order(request('restore'), by('alice'))), 2_000);
    const goal = cutter.goals.at(-1);
    expect(await goal?.mayRelease()).toBeDefined();
    const state = await store.refresh();
    let answer = (): void => undefined;
    const slow = new Promise<void>((resolve) => {
      answer = resolve;
    });
    store.refresh = async () => {
      await slow;
      return state;
    };
    const leave = goal?.mayRelease();
    store.commit = () => Promise.reject(new StoreUnavailable('away'));
    clock.advance(60);
    orderOf(await desk.order(request('sever'), by('alice')));
    answer();
    expect(await leave).toBeUndefined();
  });

  it('leave to release is asked of the ledger itself: a stop through another instance counts before it is heard of', async () => {
    const [one, two] = [await setUp(), await setUp()];
    await until(() => one.cutter.goals.length > 0);
    const goal = one.cutter.goals.at(-1);
    expect(await goal?.mayRelease()).toBeDefined();
    orderOf(await two.desk.order(request('sever'), two.by('alice')));
    expect(await goal?.mayRelease()).toBeUndefined();
    await until(() => one.cutter.cut.has('agent'));
  });

  it('a severed scope that is no longer configured keeps everything from being released', async () => {
    const store = another();
    const gone = { scope: 'gone', state: 'severed', order: 1, since: 1 } as const;
    await store.commit(() => ({ entries: [{ kind: 'start', data: {} }], latches: [gone] }));
    const { cutter } = await setUp();
    await until(() => cutter.goals.length > 0);
    expect(await cutter.goals.at(-1)?.mayRelease()).toBeUndefined();
  });
});

describe('law 2, latched', () => {
  it('a restart finds the latch and cuts again, whatever the system looks like by then', async () => {
    const first = await setUp();
    await first.desk.outcome(orderOf(await first.desk.order(request('sever'), first.by('alice'))), 2_000);
    await closing.pop()?.();
    const second = await setUp({ cutters: [new ToyCutter()] });
    await until(() => second.cutter.cut.has('agent'));
    expect(second.desk.latches().find((latch) => latch.scope === 'agent')?.state).toBe('severed');
  });

  it('what was changed behind its back is cut again', async () => {
    const { desk, by, cutter } = await setUp();
    await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
    cutter.cut.delete('agent');
    await until(() => cutter.cut.has('agent'));
  });
});

describe('law 3, only a person restores', () => {
  it('no token, no backup code and no code of another moment ever restores', async () => {
    const { desk, by, clock, cutter } = await setUp();
    await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
    const used = codeOf('alice', clock.now());
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.record({
            kind: fc.constant('token' as const),
            token: fc.constant('n8n'),
            rights: fc.constant(['stop', 'status'] as const),
          }),
          fc.record({
            kind: fc.constant('operator' as const),
            operator: fc.constantFrom('alice', 'mallory'),
            code: fc.constantFrom(used, '', '111111111111', '0'.repeat(7), 'abcdef'),
          }),
          fc.record({
            kind: fc.constant('phone' as const),
            phone: fc.constantFrom('+15550100001', '+15550100099'),
            bare: fc.constant(true as const),
          }),
        ),
        async (proof) => {
          expect(await desk.order(request('restore'), proof)).toMatchObject({ kind: 'refused' });
        },
      ),
      { numRuns: 60 },
    );
    expect(cutter.writes).toEqual(['cut agent']);
  });

  it('a fresh code of an operator does', async () => {
    const { desk, by, clock, cutter } = await setUp();
    await desk.order(request('sever'), by('alice'));
    clock.advance(30);
    const order = orderOf(await desk.order(request('restore'), by('alice')));
    expect(await desk.outcome(order, 2_000)).toMatchObject({ state: 'live' });
    expect(cutter.cut.size).toBe(0);
  });

  it('two operators within ten minutes, when it is set so', async () => {
    const { desk, by, clock } = await setUp({ config: { restore: { operators: 2 } } });
    await desk.order(request('sever'), by('alice'));
    clock.advance(60);
    await desk.order(request('restore'), by('alice'));
    clock.advance(60);
    expect(await desk.order(request('restore'), by('alice'))).toMatchObject({ refused: 'second-operator-same' });
    expect(await desk.order(request('restore'), by('bob'))).toMatchObject({ kind: 'accepted' });
  });
});

describe('law 4, doubt stops, never starts', () => {
  /** A store whose database can be taken away. */
  const failing = (store: SqlStore) => {
    let away = false;
    const guard =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      (...args: A): Promise<R> =>
        away ? Promise.reject(new StoreUnavailable('away')) : call(...args);
    const handle: Store = Object.assign(Object.create(store) as Store, {
      refresh: guard(() => store.refresh()),
      commit: guard((decide: Parameters<Store['commit']>[0]) => store.commit(decide)),
    });
    return { store: handle, takeAway: () => (away = true), giveBack: () => (away = false) };
  };

  it('without the ledger a stop works, its code is taken once, and a restore is refused', async () => {
    const clock = new TestClock();
    const { store, takeAway, giveBack } = failing(another(2_000, clock.now));
    const { desk, by, cutter, told, spool } = await setUp({ store, clock });
    takeAway();
    const stop = request('sever');
    const order = orderOf(await desk.order(stop, by('alice')));
    expect(await desk.outcome(order, 2_000)).toMatchObject({ state: 'severed' });
    expect(cutter.writes).toEqual(['cut agent']);
    expect(told.join()).toContain('alarm ledger');
    expect(await desk.order(request('sever'), by('alice'))).toMatchObject({ refused: 'code-used' });
    expect(await desk.order(stop, by('alice'))).toMatchObject({ kind: 'repeated' });
    clock.advance(60);
    expect(await desk.order(request('restore'), by('alice'))).toMatchObject({ refused: 'ledger-unavailable' });

    giveBack();
    await desk.recordSpooled();
    expect(spool.all()).toEqual([]);
    expect(desk.latches().find((latch) => latch.scope === 'agent')).toMatchObject({ order: 1 });
    await until(async () => (await kinds(another())).includes('severed'));
    expect(cutter.writes).toEqual(['cut agent']);
  });

  it('a restore that runs while the ledger goes away releases nothing', async () => {
    const clock = new TestClock();
    const { store, takeAway, giveBack } = failing(another(2_000, clock.now));
    const { desk, by, cutter } = await setUp({ store, clock });
    await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
    clock.advance(60);
    let open = (): void => undefined;
    cutter.gate = new Promise((resolve) => {
      open = resolve;
    });
    const restore = orderOf(await desk.order(request('restore'), by('alice')));
    takeAway();
    const passes = cutter.goals.length;
    cutter.gate = undefined;
    open();
    await until(() => cutter.goals.length > passes + 3);
    expect(cutter.cut.has('agent')).toBe(true);
    giveBack();
    expect(await desk.outcome(restore, 2_000)).toMatchObject({ state: 'live' });
  });

  it('a clock that went back refuses a restore; a backup code still stops', async () => {
    const { desk, by, clock } = await setUp();
    await desk.order(request('sever'), by('alice'));
    clock.advance(-3_600);
    expect(await desk.order(request('restore'), by('alice'))).toMatchObject({ refused: 'clock-in-doubt' });
    const backup = { kind: 'phone', phone: '+15550100099', code: '111111111111' } as const;
    expect(await desk.order(request('sever'), backup)).toMatchObject({ kind: 'accepted' });
  });

  it('and stays in doubt, whatever is written down meanwhile, until the clock is right again', async () => {
    const { desk, by, clock, store } = await setUp();
    await desk.outcome(orderOf(await desk.order(request('sever'), by('alice'))), 2_000);
    clock.advance(-3_600);
    for (let i = 0; i < 2; i++) {
      expect(await desk.order(request('restore'), by('bob'))).toMatchObject({ refused: 'clock-in-doubt' });
      await store.commit(() => ({ entries: [{ kind: 'start', data: {} }] }));
      await store.refresh();
    }
    clock.advance(3_600);
    expect(await desk.order(request('restore'), by('bob'))).toMatchObject({ kind: 'accepted' });
  });
});

describe('law 5, seen and not assumed', () => {
  it('stays severing while one gateway of two is not seen, and says what is missing', async () => {
    const cutters = [new ToyCutter('near'), new ToyCutter('far')];
    (cutters[1] as ToyCutter).visible = false;
    const { desk, by } = await setUp({ cutters });
    const order = orderOf(await desk.order(request('sever'), by('alice')));
    expect(await desk.outcome(order, 100)).toMatchObject({ state: 'severing', missing: ['far does not answer'] });
    (cutters[1] as ToyCutter).visible = true;
    expect(await desk.outcome(order, 2_000)).toMatchObject({ state: 'severed', gateways: 2 });
  });
});

describe('law 5, of other instances', () => {
  it('a restore that this one has not heard of yet is not said to be done', async () => {
    const { desk, by } = await setUp();
    const order = { ...orderOf(await desk.order(request('sever', 'llm'), by('alice'))), scope: 'agent' };
    expect(await desk.outcome({ ...order, number: 9, action: 'restore' }, 0)).toMatchObject({ state: 'restoring' });
  });
});

describe('law 8, on paper', () => {
  it('every order, refusal, write and verification is a line, and none holds a code', async () => {
    const { desk, by, clock, store } = await setUp();
    const code = codeOf('alice', clock.now());
    await desk.outcome(orderOf(await desk.order(request('sever'), by('alice', code))), 2_000);
    await desk.order(request('restore'), by('alice', '000000'));
    clock.advance(30);
    await desk.outcome(orderOf(await desk.order(request('restore'), by('alice'))), 2_000);
    desk.refused('bad-signature', { source: 'sms' });
    const expected = ['order', 'write', 'severed', 'refusal', 'order', 'write', 'restored', 'refusal'];
    await until(async () => (await kinds(store)).length >= expected.length);
    expect((await kinds(store)).sort()).toEqual(expected.sort());
    const paper = JSON.stringify(await store.lines({ limit: 100 }));
    for (const secret of [code, '000000', ...people.map((operator) => operator.totpSecret)])
      expect(paper).not.toContain(secret);
  });

  it('a flood of refusals of one kind is counted, not written line by line, nor told so', async () => {
    const { desk, store, refusals } = await setUp();
    for (let i = 0; i < 1_000; i++) desk.refused('bad-signature', { source: 'sms' });
    desk.close();
    await until(async () => (await kinds(store)).length === 2);
    expect((await store.lines({ limit: 9 }))[1]?.data).toMatchObject({ reason: 'bad-signature', count: 999 });
    expect(refusals.map(({ data }) => [data.reason, data.count])).toEqual([
      ['bad-signature', undefined],
      ['bad-signature', 999],
    ]);
  });

  it('refusals that are written one by one are told as the others: the first, and how many more', async () => {
    const { desk, by, refusals } = await setUp();
    for (let i = 0; i < 4; i++) await desk.order(request('sever'), by('alice', `00000${i}`));
    await desk.order(request('restore', 'nowhere'), by('bob'));
    const about = { scope: 'agent', source: 'sms', by: 'alice' };
    expect(refusals.map(({ data }) => data)).toEqual([
      expect.objectContaining({ ...about, reason: 'code-wrong' }),
      expect.objectContaining({ reason: 'unknown-scope' }),
    ]);
    desk.close();
    expect(refusals.slice(2).map(({ data }) => data)).toEqual([
      expect.objectContaining({ ...about, reason: 'code-wrong', count: 3 }),
    ]);
    expect(JSON.stringify(refusals)).not.toContain('00000');
  });

  it('a request that is repeated is refused again, and told once', async () => {
    const { desk, by, refusals } = await setUp();
    const wrong = request('sever');
    for (let i = 0; i < 3; i++)
      expect(await desk.order(wrong, by('alice', '000000'))).toMatchObject({ refused: 'code-wrong' });
    desk.close();
    expect(refusals).toHaveLength(1);
  });
});

describe('codes', () => {
  it('one code is one order, though two instances are asked at the same moment', async () => {
    const [one, two] = [await setUp(), await setUp()];
    const receipts = await Promise.all([one, two].map(({ desk, by }) => desk.order(request('sever'), by('alice'))));
    expect(receipts.map((receipt) => receipt.kind).sort()).toEqual(['accepted', 'refused']);
    expect(receipts.find((receipt) => receipt.kind === 'refused')).toMatchObject({ refused: 'code-used' });
  });

  it('five wrong codes lock restore, over a restart too, and neither stop nor backup codes', async () => {
    const first = await setUp();
    for (let i = 0; i < 5; i++)
      expect(await first.desk.order(request('sever'), first.by('alice', `00000${i}`))).toMatchObject({
        refused: 'code-wrong',
      });
    await closing.pop()?.();
    const { desk, by, clock } = await setUp();
    expect(await desk.order(request('restore'), by('alice'))).toMatchObject({ refused: 'code-locked' });
    expect(await desk.order(request('sever'), by('alice'))).toMatchObject({ kind: 'accepted' });
    const backup = { kind: 'phone', phone: '+15550100099', code: '222222222222' } as const;
    expect(await desk.order(request('sever'), backup)).toMatchObject({ kind: 'accepted', order: { by: 'backup:bob' } });
    expect(await desk.order(request('sever'), backup)).toMatchObject({ refused: 'code-used' });
    clock.advance(7 * 3_600);
    expect(await desk.order(request('restore'), by('alice'))).toMatchObject({ kind: 'accepted' });
  });

  it('a message that comes again is the same order, and takes no second code', async () => {
    const { desk, by, store } = await setUp();
    const message = request('sever');
    const order = orderOf(await desk.order(message, by('alice')));
    expect(await desk.order(message, by('alice'))).toEqual({ kind: 'repeated', order });
    expect((await store.refresh()).orders).toBe(1);
  });
});
