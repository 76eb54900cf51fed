import fc from 'fast-check';
import { type Arrival, absorb, type SeriesState } from '../../../src/tripwire/feed/series';
import type { Increment, Reading, Usage } from '../../../src/tripwire/reading';
import { AMOUNTS, restarting, START, show, total, usage, workers } from './proxy';

const SECOND = 1_000;
/** Seconds after which what shows for the first time is no longer held to have been there before. */
const WATCH_SETTLES = 300;
const _HOUR = 3_600_000;
const counted: Arrival = { baseline: false, after: START - 10 * SECOND };
const there: Arrival = { baseline: true, after: START - 10 * SECOND };

/** Seconds after START, totals, and the process, if it has a name. */
type Row = readonly [seconds: number, amount: Usage, process?: string];

function feed(rows: readonly Row[], arrival = counted): (Increment | undefined)[] {
  let state: SeriesState | undefined;
  return rows.map(([seconds, amount, process]) => {
    const at = START + seconds * SECOND;
    const reading: Reading = { at, key: 'k', model: 'm', ...amount, ...(process === undefined ? {} : { process }) };
    const absorbed = absorb(state, reading, { ...arrival, baseline: arrival.baseline && seconds < WATCH_SETTLES });
    state = absorbed.state;
    return absorbed.increment;
  });
}

/** From and to in seconds after START, and the money. */
const brief = (increment: Increment | undefined) =>
  increment && [(increment.from - START) / SECOND, (increment.to - START) / SECOND, increment.spendUsd];

const everyTenSeconds = (from: number, to: number, usd: (seconds: number) => number): Row[] =>
  Array.from({ length: (to - from) / 10 + 1 }, (_, i) => [from + 10 * i, usage(usd(from + 10 * i))] as const);

test.each<[string, Row[], (number[] | undefined)[]]>([
  ['a first total is spend, since the look that would have shown it', [[0, usage(3)]], [[-10, 0, 3]]],
  [
    'nothing, when nothing came',
    [
      [0, usage(3)],
      [10, usage(3)],
    ],
    [[-10, 0, 3], undefined],
  ],
  [
    'what came',
    [
      [0, usage(3)],
      [10, usage(5)],
    ],
    [
      [-10, 0, 3],
      [0, 10, 2],
    ],
  ],
  [
    'a row that comes twice is nothing',
    [
      [0, usage(3)],
      [10, usage(5)],
      [10, usage(5)],
    ],
    [[-10, 0, 3], [0, 10, 2], undefined],
  ],
  [
    'a row that comes late is nothing, and what follows is no more for it',
    [
      [0, usage(3)],
      [10, usage(5)],
      [0, usage(3)],
      [20, usage(6)],
    ],
    [[-10, 0, 3], [0, 10, 2], undefined, [10, 20, 1]],
  ],
  [
    'so are late rows of several workers',
    [
      [0, usage(30)],
      [10, usage(10)],
      [20, usage(11)],
      [0, usage(30)],
      [10, usage(10)],
      [30, usage(32)],
    ],
    [[-10, 0, 30], [0, 10, 10], [10, 20, 1], undefined, undefined, [0, 30, 2]],
  ],
  [
    'what comes over a gap is said to have come in the gap, never at once',
    [
      [0, usage(3)],
      [3 * 3600, usage(503)],
    ],
    [
      [-10, 0, 3],
      [0, 3 * 3600, 500],
    ],
  ],
  [
    'what a process that began anew shows is spend',
    [
      [0, usage(3)],
      [10, usage(900)],
      [20, usage(2)],
      [30, usage(5)],
    ],
    [
      [-10, 0, 3],
      [0, 10, 897],
      [10, 20, 2],
      [20, 30, 3],
    ],
  ],
  [
    'two workers that answer in turn are fed for what each of them spent',
    [
      [0, usage(30)],
      [10, usage(10)],
      [20, usage(31)],
      [30, usage(12)],
      [40, usage(12)],
      [50, usage(35)],
    ],
    [[-10, 0, 30], [0, 10, 10], [0, 20, 1], [10, 30, 2], undefined, [20, 50, 4]],
  ],
  [
    'money that does not move while tokens do is no money',
    [
      [0, usage(0, 10, 10)],
      [10, usage(0, 90, 20)],
    ],
    [
      [-10, 0, 0],
      [0, 10, 0],
    ],
  ],
])('%s', (_what, rows, increments) => {
  expect(feed(rows).map(brief)).toEqual(increments);
});

it('tokens are fed like money', () => {
  const [, second] = feed([
    [0, usage(0, 10, 10)],
    [10, usage(0, 90, 20)],
  ]);
  expect(second).toEqual({ key: 'k', model: 'm', from: START, to: START + 10 * SECOND, ...usage(0, 80, 10) });
});

describe('what was there before anybody looked', () => {
  it('is not spend; what comes upon it is', () => {
    expect(
      feed(
        [
          [0, usage(500)],
          [10, usage(501)],
        ],
        there,
      ).map(brief),
    ).toEqual([undefined, [0, 10, 1]]);
  });

  it('may be of several workers', () => {
    const rows: Row[] = [
      [0, usage(500)],
      [10, usage(300)],
      [20, usage(501)],
      [30, usage(302)],
    ];
    expect(feed(rows, there).map(brief)).toEqual([undefined, undefined, [0, 20, 1], [10, 30, 2]]);
  });
});

describe('a nameless total that lies below all that are known', () => {
  const DAY = 24 * 3600;
  /** It had spent 1,000 dollars when the watch began, and one a minute for a day since. */
  const dollarAMinute = everyTenSeconds(0, DAY, (seconds) => 1_000 + seconds / 60);
  const then = (...rows: Row[]) => feed([...dollarAMinute, ...rows], there).slice(dollarAMinute.length);

  test.each<[string, Row, number]>([
    ['is a restart', [DAY + 10, usage(0.2)], 0.2],
    ['is a restart, though a hundred times as much as usual is spent', [DAY + 10, usage(16)], 16],
    ['is no restart beyond that, and believed up to there', [DAY + 10, usage(800)], (100 * 10) / 60],
    ['is a restart of which more is believed after a gap', [DAY + 3600, usage(800)], 800],
  ])('%s', (_what, row, usd) => {
    expect(then(row)[0]?.spendUsd).toBeCloseTo(usd, 1);
  });

  it('is a label set that was dropped from the sum, or switched off: the rest goes on, and is not spent anew', () => {
    const rest = everyTenSeconds(DAY + 10, DAY + 3600, (seconds) => 333 + seconds / 60);
    const [first, ...others] = then(...rest);
    expect(first?.spendUsd).toBeCloseTo((100 * 10) / 60, 1);
    expect(total(others.filter((one) => one !== undefined)).spendUsd).toBeCloseTo(3590 / 60, 6);
  });
});

describe('a process with a name', () => {
  it('that shows for the first time is spend, whole', () => {
    const rows: Row[] = [
      [0, usage(500), 'a'],
      [10, usage(80), 'b'],
      [20, usage(501), 'a'],
      [30, usage(83), 'b'],
    ];
    expect(feed(rows).map((one) => one?.spendUsd)).toEqual([500, 80, 1, 3]);
  });

  it('that shows less than before did not begin anew: a label set went, or two share the name', () => {
    const rows: Row[] = [
      [0, usage(500), 'a'],
      [10, usage(300), 'a'],
      [20, usage(301), 'a'],
      [30, usage(502), 'a'],
    ];
    expect(feed(rows).map((one) => one?.spendUsd)).toEqual([500, undefined, 1, 2]);
  });
});

describe('a clock that is set back', () => {
  test.each([
    ['by a minute', 60],
    ['by an hour', 3600],
  ])('%s does not make it deaf: what shows more than all that is known is no late row', (_by, seconds) => {
    const rows: Row[] = [
      [7200, usage(5)],
      [7200 - seconds, usage(6)],
      [7200 - seconds, usage(6)],
      [7210 - seconds, usage(8)],
    ];
    const back = 7200 - seconds;
    expect(feed(rows).map(brief)).toEqual([[-10, 7200, 5], [back, back, 1], undefined, [back, back + 10, 2]]);
  });

  it('and a worker that stands lower is heard as soon as the clock is past where it was, or the highest was heard', () => {
    const rows: Row[] = [
      [7190, usage(5)],
      [7200, usage(3)],
      [3600, usage(4)],
      [3610, usage(6)],
      [3620, usage(4)],
    ];
    expect(feed(rows).map((one) => one?.spendUsd)).toEqual([5, 3, undefined, 1, 1]);
  });
});

describe('whatever the workers do', () => {
  const absorbed = (count: number, steps: Parameters<typeof show>[1], named: boolean) => {
    const shown = show(count, steps, { named });
    let state: SeriesState | undefined;
    return shown.map(({ reading, seen }) => {
      const { increment, ...next } = absorb(state, reading, counted);
      state = next.state;
      return { increment, seen, reading };
    });
  };
  const amounts = ({ increment }: { increment: Increment | undefined }) => increment ?? usage(0);

  it('no increment is negative, or ends before it begins, or has come at another look', () => {
    fc.assert(
      fc.property(workers, restarting, fc.boolean(), (count, steps, named) => {
        for (const { increment, reading } of absorbed(count, steps, named)) {
          if (!increment) continue;
          expect(AMOUNTS.filter((amount) => !(increment[amount] >= 0))).toEqual([]);
          expect(increment.from).toBeLessThan(increment.to);
          expect(increment.to).toBe(reading.at);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('more is never fed than was spent; with names no less, though rows come twice and late', () => {
    let increments = 0;
    fc.assert(
      fc.property(workers, restarting, fc.boolean(), (count, steps, named) => {
        const looks = absorbed(count, steps, named);
        let sum = usage(0);
        const over = looks.find((look) => {
          sum = total([sum, amounts(look)]);
          return AMOUNTS.some((amount) =>
            named ? sum[amount] !== look.seen[amount] : sum[amount] > look.seen[amount],
          );
        });
        expect(over).toBeUndefined();
        increments += looks.filter(({ increment }) => increment).length;
      }),
      { numRuns: 500 },
    );
    expect(increments).toBeGreaterThan(1_000);
  });

  it('prices times ten give amounts times ten', () => {
    const dearer = (one: Usage): Usage => ({ ...one, spendUsd: one.spendUsd * 10 });
    fc.assert(
      fc.property(workers, restarting, (count, steps) => {
        const more = steps.map((step) => (step.kind === 'spend' ? { ...step, amount: dearer(step.amount) } : step));
        const [plain, tenfold] = [absorbed(count, steps, false), absorbed(count, more, false)];
        for (const [i, look] of plain.entries())
          expect(tenfold[i]?.increment?.spendUsd ?? 0).toBeCloseTo(10 * amounts(look).spendUsd, 6);
      }),
      { numRuns: 200 },
    );
  });
});
