import fc from 'fast-check';
import { Detection, type Saved } from '../../src/tripwire/detection';
import type { Reading } from '../../src/tripwire/reading';
import type { SubjectSettings } from '../../src/tripwire/settings';
import { type Call, call, DAY, HOUR, helper, loop, MINUTE, START } from './detect/traffic';

/** Laws that hold from the counters to the signals, whatever the numbers in the profiles are. */

const settings: SubjectSettings = {
  ...{ profile: 'agent', dailyBudgetUsd: 60, anomaly: true },
  ceilings: [
    { unit: 'usd', windowSeconds: 60, limit: 10 },
    { unit: 'usd', windowSeconds: 3_600, limit: 40 },
    { unit: 'tokens', windowSeconds: 60, limit: 5e6 },
  ],
};
const fresh = () => new Detection({ settingsOf: () => settings, teamOf: (key) => (key === 'c' ? undefined : 'team') });
const loaded = (saved: Saved): Detection => {
  const detection = fresh();
  if (!detection.load(JSON.parse(JSON.stringify(saved)))) throw new Error('it was not loaded');
  return detection;
};

const KEYS = ['a', 'b', 'c'] as const;
type Spend = Call & { readonly key: string };

/** What these keys spend in such days. @param from days after START. */
const days = (from: number, count: number): Spend[] =>
  KEYS.flatMap((key, i) =>
    [...helper(count, 100 * from + i + 1, START + from * DAY)].map((one) => ({ ...one, key })),
  ).sort((x, y) => x.at - y.at);

type Counters = ReadonlyMap<string, Reading>;

interface Proxy {
  /** When all of its counters begin at nothing. Seconds since the epoch. */
  readonly restarts?: readonly number[];
  /** Whether it tells that it is another process. */
  readonly named: boolean;
  /** What it has counted so far. */
  readonly counters?: Counters;
}

/** What looks at a proxy's counters show, ten seconds apart; those at which nothing had come are left out. */
function readings(spends: readonly Spend[], { restarts = [], named, counters }: Proxy): Reading[] {
  const now = new Map(counters);
  const due = [...restarts].sort((x, y) => x - y);
  let born = START - DAY;
  return spends.map(({ at, key, usd, prompt, completion, model = 'sonnet' }) => {
    for (let next = due[0]; next !== undefined && next <= at; next = due[0]) {
      born = next;
      now.clear();
      due.shift();
    }
    const before = now.get(`${key} ${model}`);
    const row: Reading = {
      ...{ at: Math.ceil(at / 10) * 10_000, key, model, source: 'litellm' },
      spendUsd: (before?.spendUsd ?? 0) + usd,
      promptTokens: (before?.promptTokens ?? 0) + prompt,
      completionTokens: (before?.completionTokens ?? 0) + completion,
      ...(named ? { process: `since ${born}`, countingSince: born * 1000 } : {}),
    };
    now.set(`${key} ${model}`, row);
    return row;
  });
}

/** The looks between, at which nothing had changed: a counter that stands still is shown all the same. */
function* shown(rows: readonly Reading[]): Generator<Reading> {
  const newest = new Map<string, Reading>();
  let process: string | undefined;
  for (const row of rows) {
    if (row.process !== process) newest.clear();
    process = row.process;
    const before = newest.get(row.key);
    if (before && row.at - before.at > 10_000) yield { ...before, at: row.at - 10_000 };
    newest.set(row.key, row);
    yield row;
  }
}

const take = (detection: Detection, rows: Iterable<Reading>) => [...rows].flatMap((row) => [...detection.take(row)]);

/** Two weeks of these keys, and what they had counted then. */
function learnt(named: boolean): { readonly saved: Saved; readonly counters: Counters } {
  const detection = fresh();
  const rows = readings(days(0, 14), { named });
  expect(take(detection, shown(rows))).toEqual([]);
  return { saved: detection.save(), counters: new Map(rows.map((row) => [`${row.key} ${row.model}`, row])) };
}

/** The next day's hours that are looked at. */
const TODAY = START + 14 * DAY;
const [FROM, TO] = [TODAY + 10 * HOUR, TODAY + 13 * HOUR];
const within = (from: number, to: number) => (one: Spend) => one.at >= from && one.at < to;
const today = days(14, 1).filter(within(FROM, TO));
const withLoop = (begins: number): Spend[] =>
  [...today, ...loop(begins, 15 * MINUTE, 12).map((one) => ({ ...one, key: 'a' }))].sort((x, y) => x.at - y.at);

describe.each([
  ['of processes with names', true],
  ['without names', false],
])('a reset never trips: counters %s', (_what, named) => {
  const { saved, counters } = learnt(named);
  const said = (spends: readonly Spend[], restarts: readonly number[]) =>
    take(loaded(saved), shown(readings(spends, { restarts, named, counters })));

  it('in the midst of ordinary traffic, at any times', () => {
    expect(said(today, [])).toEqual([]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: FROM, max: TO }), { maxLength: 12 }), (restarts) => {
        expect(said(today, restarts)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('of one that is not known yet', () => {
    const first = days(0, 2).filter(within(START, START + 14 * HOUR));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: START, max: START + 14 * HOUR }), { maxLength: 12 }), (restarts) => {
        expect(take(fresh(), shown(readings(first, { restarts, named })))).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('nor does it hide a loop', () => {
    const begins = FROM + HOUR;
    const trip = (restarts: readonly number[]): number => {
      const spends = withLoop(begins).filter(within(begins - 20 * MINUTE, begins + 5 * MINUTE));
      const own = said(spends, restarts).find(({ level, subject }) => level === 'trip' && subject.id === 'a');
      return (own?.at ?? Number.POSITIVE_INFINITY) / 1000 - begins;
    };
    const without = trip([]);
    expect(without).toBeLessThan(120);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 120 }), (after) => {
        expect(trip([begins + after])).toBeLessThanOrEqual(without + 60);
      }),
      { numRuns: 30 },
    );
  });
});

describe('rows that come twice or late', () => {
  it('change nothing', () => {
    const { saved, counters } = learnt(true);
    const spends = withLoop(FROM + HOUR).filter(within(FROM + 30 * MINUTE, FROM + 90 * MINUTE));
    const rows = [...shown(readings(spends, { named: true, counters }))];
    const clean = take(loaded(saved), rows);
    expect(clean.filter(({ level }) => level === 'trip').length).toBeGreaterThan(0);
    const defects = fc.array(fc.record({ row: fc.nat({ max: rows.length - 1 }), later: fc.nat({ max: 12 }) }));
    fc.assert(
      fc.property(defects, (all) => {
        const again = new Map(all.map(({ row, later }) => [Math.min(row + later, rows.length - 1), rows[row]]));
        const disturbed = rows.flatMap((row, i) => [row, ...(again.has(i) ? [again.get(i) as Reading] : [])]);
        expect(take(loaded(saved), disturbed)).toEqual(clean);
      }),
      { numRuns: 15 },
    );
  });
});

describe('the order of keys within a look', () => {
  it('says nothing of a key', () => {
    const at = (i: number): number => START + 10 * i;
    const step = fc.record({ prompt: fc.integer({ min: 500, max: 20_000 }), times: fc.constantFrom(1, 1, 5, 50) });
    const look = fc.tuple(
      fc.shuffledSubarray([...KEYS], { minLength: 1 }),
      fc.array(step, { minLength: 3, maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(look, { maxLength: 80, size: 'max' }), (looks) => {
        const through = (ordered: boolean) => {
          const spends = looks.flatMap(([keys, steps], i) =>
            (ordered ? [...keys].sort() : keys).map((key) => {
              const { prompt, times } = steps[KEYS.indexOf(key)] ?? { prompt: 0, times: 0 };
              return { ...call(at(i), prompt, 200, times), key };
            }),
          );
          const signals = take(fresh(), readings(spends, { named: true }));
          return KEYS.map((key) => signals.filter(({ subject }) => subject.kind === 'key' && subject.id === key));
        };
        expect(through(false)).toEqual(through(true));
      }),
      { numRuns: 40 },
    );
  });
});
