import type { PGlite } from '@electric-sql/pglite';
import { createSqlLeases, type Leases } from '../../../src/ledger/leases';
import { StoreUnavailable } from '../../../src/ledger/store';
import { createHold, type Hold, NotHeld } from '../../../src/supervision/drill/hold';
import { freshStore } from '../../support/store';
import { until } from '../../support/until';

/** One instance at a time drills: the leases are the ledger's own, the clock of each instance is the test's. */

const LEASE_MS = 15_000;

let pglite: PGlite;
beforeAll(async () => {
  ({ pglite } = await freshStore());
});
afterEach(async () => {
  await pglite.exec('delete from pullcord.lease');
});
afterAll(() => pglite.close());

interface Instance {
  readonly hold: Hold;
  elapsed: number;
  /** When set, the ledger is away. */
  away: boolean;
}

function instance(holder: string, leaseMs = LEASE_MS): Instance {
  const it = { elapsed: 1_000, away: false };
  const real = createSqlLeases({ database: pglite, holder, monotonic: () => it.elapsed, timeoutMs: 2_000 });
  const leases: Leases = {
    ...real,
    claim: async (name, options) => {
      if (it.away) throw new StoreUnavailable('away');
      return real.claim(name, options);
    },
  };
  return Object.assign(it, { hold: createHold({ leases, monotonic: () => it.elapsed, leaseMs, beatMs: 5 }) });
}

const isHeld = ({ hold }: Instance): boolean => {
  try {
    hold.check();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(NotHeld);
    return false;
  }
};

it('is with one instance, until that gives it back', async () => {
  const [a, b] = [instance('a'), instance('b')];
  expect(isHeld(a)).toBe(false);
  expect([await a.hold.take(), await b.hold.take()]).toEqual([true, false]);
  expect([isHeld(a), isHeld(b)]).toEqual([true, false]);
  await a.hold.release();
  expect(isHeld(a)).toBe(false);
  expect(await b.hold.take()).toBe(true);
});

it('is over for a frozen instance before anybody else can have it, and it is told so when it wakes', async () => {
  const [a, b] = [instance('a', 50), instance('b')];
  expect(await a.hold.take()).toBe(true);
  // Its lease is shorter than what a write may need on its way: it writes nothing.
  expect(isHeld(a)).toBe(false);
  await until(() => b.hold.take());
  const over = new AbortController();
  const lost: string[] = [];
  const kept = a.hold.keep(over.signal, (why) => lost.push(why));
  await until(() => lost.length > 0);
  over.abort();
  await kept;
  expect(lost[0]).toMatch(/another instance took over/);
  expect([isHeld(a), isHeld(b)]).toEqual([false, true]);
});

it.each([
  [0, true],
  [LEASE_MS - 3_001, true],
  [LEASE_MS - 3_000, false],
  [LEASE_MS, false],
  [3_600_000, false],
])('%d ms after it was taken, without a word to the ledger, may something be written: %j', async (ms, may) => {
  const a = instance('a');
  await a.hold.take();
  a.elapsed += ms;
  expect(isHeld(a)).toBe(may);
});

it('is kept as long as the ledger answers, outlasts a short silence, and is lost in a long one', async () => {
  const a = instance('a');
  await a.hold.take();
  const over = new AbortController();
  const lost: string[] = [];
  let beats = 0;
  const kept = a.hold.keep(
    over.signal,
    (why) => lost.push(why),
    async () => {
      beats += 1;
      throw new Error('of no matter');
    },
  );
  const beat = async (): Promise<void> => {
    const before = beats;
    await until(() => beats > before + 1);
  };
  for (let second = 0; second < 30; second++) {
    a.elapsed += 1_000;
    await beat();
  }
  expect(isHeld(a)).toBe(true);
  a.away = true;
  a.elapsed += LEASE_MS - 4_000;
  await beat();
  expect([isHeld(a), lost]).toEqual([true, []]);
  a.elapsed += 2_000;
  await beat();
  expect([isHeld(a), lost[0]]).toEqual([false, expect.stringMatching(/the ledger does not answer/)]);
  a.away = false;
  await beat();
  expect(isHeld(a)).toBe(true);
  over.abort();
  await kept;
});
