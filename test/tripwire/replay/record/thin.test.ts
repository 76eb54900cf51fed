import fc from 'fast-check';
import { Detection } from '../../../../src/tripwire/detection';
import type { Increment } from '../../../../src/tripwire/reading';
import { HEADER, lineOf } from '../../../../src/tripwire/replay/record/format';
import { Thinner } from '../../../../src/tripwire/replay/record/thin';
import { type Row, Rows } from '../../../../src/tripwire/replay/rows';

const T = 1_767_571_200_000;
const row = (seconds: number, spendUsd: number, more: Partial<Row> = {}): Row => ({
  ...{ at: T + seconds * 1000, key: 'k', model: 'm', spendUsd, promptTokens: spendUsd * 100, completionTokens: 0 },
  ...more,
});
const thinned = (rows: readonly Row[]): readonly Row[] => {
  const thinner = new Thinner();
  const times = [...new Set(rows.map(({ at }) => at))];
  return times.flatMap((time) => thinner.take(rows.filter(({ at }) => at === time)));
};
const seconds = (rows: readonly Row[]) => rows.map(({ at }) => (at - T) / 1000);

/** A series beside another one that changes all the time: so that each look has left a row already. */
const beside = (rows: readonly Row[]): readonly Row[] => {
  const busy = rows.map(({ at }, i) => row((at - T) / 1000, i, { key: 'busy' }));
  return thinned([...busy, ...rows].sort((a, b) => a.at - b.at)).filter(({ key }) => key !== 'busy');
};

describe('rows that are left out', () => {
  it('repeat the one before, but for one a minute', () => {
    const still = Array.from({ length: 41 }, (_, i) => row(i * 5, 1));
    expect(seconds(beside(still))).toEqual([0, 55, 110, 165]);
  });

  it('are made up for when something changes: the look before it is written, too', () => {
    const changing = [row(0, 1), row(5, 1), row(10, 1), row(15, 2), row(20, 3), row(25, 3), row(30, 4)];
    expect(seconds(beside(changing))).toEqual([0, 10, 15, 20, 25, 30]);
  });

  it('leave one of each look, so that it can be seen when there was one', () => {
    const still = [0, 5, 10].flatMap((at) => [row(at, 1), row(at, 2, { key: 'l' })]);
    expect(thinned(still).map(({ at, key }) => [(at - T) / 1000, key])).toEqual([
      [0, 'k'],
      [0, 'l'],
      [5, 'k'],
      [10, 'k'],
    ]);
    expect(thinned([])).toEqual([]);
  });

  it.each([
    ['its process', { process: 'p2' }],
    ['its team', { team: 'red' }],
    ['its name', { alias: 'bot' }],
    ['prompt tokens', { promptTokens: 101 }],
    ['completion tokens', { completionTokens: 1 }],
  ])('are none that differ in %s alone', (_, differs) => {
    expect(beside([row(0, 1), row(5, 1, differs)])).toHaveLength(2);
  });

  it('are told apart by proxy, key and model', () => {
    const others = [{ key: 'l' }, { model: 'n' }, { source: 's' }].map((other) => row(0, 1, other));
    expect(thinned([row(0, 1), ...others])).toHaveLength(4);
    expect(
      beside([row(0, 1), ...others, row(5, 1), ...others.map((one) => ({ ...one, at: one.at + 5000 }))]),
    ).toHaveLength(4);
  });
});

it('a series that stands still is never silent for 70 s, at any pace up to 10 s give or take a tenth', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1, max: 11, noNaN: true }), { minLength: 30, maxLength: 100 }), (steps) => {
      let at = 0;
      const rows = steps.map((step) => {
        at += step;
        return row(at, 1);
      });
      const kept = seconds(beside(rows));
      const gaps = kept.slice(1).map((one, i) => one - (kept[i] ?? 0));
      expect(Math.max(0, ...gaps)).toBeLessThanOrEqual(70);
    }),
  );
});

/** Looks at a series whose counter stands, grows, is reset, or belongs to another worker now and then. */
const looks = fc
  .array(
    fc.record({
      step: fc.integer({ min: 4, max: 6 }),
      spent: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.double({ min: 0.001, max: 9, noNaN: true })),
      reset: fc.integer({ min: 0, max: 40 }).map((n) => n === 0),
      key: fc.constantFrom('a', 'b'),
    }),
    { maxLength: 200 },
  )
  .map((steps) => {
    const totals = new Map<string, number>();
    let at = 0;
    let lives = 0;
    let began = T - 3_600_000;
    return steps.flatMap(({ step, spent, reset, key }) => {
      at += step;
      if (reset) {
        totals.clear();
        lives += 1;
        began = T + at * 1000 - 2_000;
      }
      totals.set(key, (totals.get(key) ?? 0) + spent);
      return [...totals].map(([name, total]) =>
        row(at, total, { key: name, process: `p${lives}`, source: 's', countingSince: began }),
      );
    });
  });

function increments(rows: readonly Row[]): readonly Increment[] {
  const seen: Increment[] = [];
  const settings = { profile: 'agent', ceilings: [], anomaly: false } as const;
  const detection = new Detection({ settingsOf: () => settings, onIncrement: (one) => seen.push(one) });
  for (const one of rows) detection.take(one);
  return seen;
}

it('what is left out changes nothing for the watch: the same amounts between the same looks', () => {
  fc.assert(
    fc.property(looks, (rows) => {
      const order = (all: readonly Increment[]) => [...all].sort((a, b) => a.to - b.to || a.key.localeCompare(b.key));
      expect(order(increments(thinned(rows)))).toEqual(order(increments(rows)));
    }),
  );
});

describe('what is written is what is read', () => {
  function readBack(rows: readonly Row[]) {
    const read: Row[] = [];
    const faults: string[] = [];
    const reader = new Rows({
      row: (one) => read.push(one),
      look: () => undefined,
      fault: (fault) => faults.push(fault),
    });
    reader.push(Buffer.from(HEADER + rows.map(lineOf).join('')));
    reader.end();
    return { read, faults };
  }

  it('for any names and numbers', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !/\p{Cc}/u.test(text));
    const amount = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e12, noNaN: true })).map((value) => value + 0);
    const any = fc.record(
      {
        ...{ at: fc.integer({ min: T, max: 4 * T }), key: name, model: name },
        ...{ spendUsd: amount, promptTokens: amount, completionTokens: amount },
        ...{ source: name, process: name, team: name, alias: name, countingSince: fc.integer({ min: 1, max: T }) },
      },
      { requiredKeys: ['at', 'key', 'model', 'spendUsd', 'promptTokens', 'completionTokens'] },
    );
    fc.assert(
      fc.property(fc.array(any, { maxLength: 5 }), (rows) => {
        expect(readBack(rows as Row[])).toEqual({ read: rows, faults: [] });
      }),
    );
  });

  it('and what could begin a line does not', () => {
    const { read, faults } = readBack([row(0, 1, { model: 'a\r\nb,"c"\u0000', alias: 'x'.repeat(300) })]);
    expect(faults).toEqual([]);
    expect(read).toEqual([row(0, 1, { model: 'a  b,"c" ', alias: 'x'.repeat(256) })]);
  });
});
