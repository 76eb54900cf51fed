import { LEASE_MS, LEAVE_MS, PATIENCE_MS } from '../../src/latch/turn';
import { Turn } from '../../src/latch/turns';
import type { Claim } from '../../src/ledger/leases';
import { StoreUnavailable } from '../../src/ledger/store';

const OWN = Number.NEGATIVE_INFINITY;

/** One turn, a database that answers as it is told, and clocks that stand still. */
function bench() {
  const clock = { monotonic: 1_000, wall: 5_000_000 };
  const claims: number[] = [];
  const told: string[] = [];
  let answer: () => Promise<Claim> = async () => ({ held: true, untilMs: clock.monotonic + LEASE_MS });
  const turn = new Turn({
    name: 'apisix main',
    leases: {
      claim: (_name, { fence = 0 }) => {
        claims.push(fence);
        return answer();
      },
    },
    ...{ now: () => clock.wall, monotonic: () => clock.monotonic },
    onOvertaken: () => told.push('overtaken'),
    onFree: () => told.push('free'),
  });
  return {
    ...{ turn, clock, claims, told },
    answers: (next: () => Promise<Claim>) => {
      answer = next;
    },
    pass: (ms: number) => {
      clock.monotonic += ms;
      clock.wall += ms;
    },
  };
}
type Bench = ReturnType<typeof bench>;

const aim = (order: number, ownUntil = OWN) => ({ order, ownUntil });
const away = () => Promise.reject(new StoreUnavailable('away'));
const refused =
  (fence: number, leftMs = 1_500) =>
  async (): Promise<Claim> => ({
    ...{ held: false, holder: 'other', fence, leftMs },
  });

let it_: Bench;
beforeEach(() => {
  it_ = bench();
});
afterEach(() => it_.turn.close());

describe('a turn to write', () => {
  it('law 4: the instance that took the order cuts before the database has answered, and claims beside it', async () => {
    const { turn, clock, claims, answers } = it_;
    answers(() => new Promise(() => undefined));
    const leave = await turn.mayCut(aim(7, clock.monotonic + LEAVE_MS));
    expect(leave?.holds()).toBe(true);
    expect(claims).toEqual([7]);
  });

  it('a stop that the ledger does not know asks nobody', async () => {
    const leave = await it_.turn.mayCut(aim(7, Number.POSITIVE_INFINITY));
    it_.pass(3_600_000);
    expect(leave?.holds()).toBe(true);
    expect(it_.claims).toEqual([]);
  });

  it.each([
    ['by the clock that nobody sets', { monotonic: LEAVE_MS, wall: 0 }],
    ['by the clock on the wall, where the other one was halted with the machine', { monotonic: 0, wall: LEAVE_MS }],
  ])('a leave ends %s', async (_how, later) => {
    const own = await it_.turn.mayCut(aim(7, it_.clock.monotonic + LEAVE_MS));
    const cut = await it_.turn.mayCut(aim(7));
    const release = await it_.turn.mayRelease(aim(7));
    expect([own, cut, release].map((leave) => leave?.holds())).toEqual([true, true, true]);
    it_.clock.monotonic += later.monotonic;
    it_.clock.wall += later.wall;
    expect([own, cut, release].map((leave) => leave?.holds())).toEqual([false, false, false]);
  });

  it('an answer that took longer than a leave lasts gives none to release with', async () => {
    it_.answers(async () => {
      const untilMs = it_.clock.monotonic + LEASE_MS;
      it_.pass(LEAVE_MS);
      return { held: true, untilMs };
    });
    expect((await it_.turn.mayRelease(aim(7)))?.holds()).toBe(false);
  });

  it('law 1: a later order is told of, and nothing is written', async () => {
    it_.answers(refused(8));
    expect(await it_.turn.mayCut(aim(7))).toBeUndefined();
    expect(await it_.turn.mayRelease(aim(7))).toBeUndefined();
    expect(new Set(it_.told)).toEqual(new Set(['overtaken']));
  });

  it('law 4: without the database everybody cuts, nobody releases, and it is not asked again at once', async () => {
    it_.answers(away);
    expect((await it_.turn.mayCut(aim(7)))?.holds()).toBe(true);
    expect((await it_.turn.mayCut(aim(8)))?.holds()).toBe(true);
    expect(await it_.turn.mayRelease(aim(8))).toBeUndefined();
    expect(it_.claims).toEqual([7]);
    it_.pass(1_000);
    it_.answers(async () => ({ held: true, untilMs: it_.clock.monotonic + LEASE_MS }));
    expect((await it_.turn.mayRelease(aim(8)))?.holds()).toBe(true);
  });

  it('another instance that never gets there is not waited for any longer', async () => {
    it_.answers(refused(7));
    expect(await it_.turn.mayCut(aim(7))).toBeUndefined();
    it_.pass(PATIENCE_MS - 1);
    expect(await it_.turn.mayCut(aim(7))).toBeUndefined();
    it_.pass(1);
    expect((await it_.turn.mayCut(aim(7)))?.holds()).toBe(true);
    expect(await it_.turn.mayRelease(aim(7))).toBeUndefined();
  });

  it('says when the lease of another one has run out', async () => {
    it_.answers(refused(7, 5));
    await it_.turn.mayCut(aim(7));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(it_.told).toEqual(['free']);
  });

  it('asks once for what many want at the same moment, and anew for a new order', async () => {
    await Promise.all([it_.turn.mayCut(aim(7)), it_.turn.mayRelease(aim(7)), it_.turn.mayCut(aim(7))]);
    expect(it_.claims).toEqual([7]);
    await it_.turn.mayCut(aim(8));
    expect(it_.claims).toEqual([7, 8]);
  });
});
