import fc from 'fast-check';
import { History } from '../../../src/tripwire/history/history';
import { type SpanName, spanOf, spans } from '../../../src/tripwire/history/spans';
import { type Series, viewOf } from '../../../src/tripwire/history/view';
import type { Increment } from '../../../src/tripwire/reading';

const MINUTE = 60_000;
/** On the border of a step of every span. */
const START = Date.UTC(2026, 0, 5);
const UNBOUND = { usual: undefined, floor: undefined, ceiling: undefined, trips: undefined };

const increment = (to: number, spendUsd: number, more: Partial<Increment> = {}): Increment => ({
  ...{ key: 'a', model: 'm', from: to, to, spendUsd, promptTokens: 2 * spendUsd, completionTokens: spendUsd },
  ...more,
});
const sum = (series: Series): number => series.reduce<number>((all, value) => all + (value ?? 0), 0);
const at = (history: History, span: SpanName, when: number, now: number): number | null | undefined => {
  const { all, from, stepMs } = viewOf(history, span, now);
  return all.usd[Math.floor((when - from) / stepMs)];
};

describe('the steps', () => {
  it('can be drawn on a phone, and end with the one that runs', () => {
    const history = new History();
    history.saw(START, START);
    for (const { name, stepMs, size } of spans) {
      const view = viewOf(history, name, START + 1);
      expect(size).toBeLessThanOrEqual(350);
      expect(view).toMatchObject({ span: name, steps: size, stepMs, from: START - (size - 1) * stepMs });
      for (const series of [view.all.usd, view.all.tokens, ...Object.values(view.bounds)])
        expect(series).toHaveLength(size);
      expect(view.all.usd.at(-1)).toBe(0);
    }
    expect(spans.map(({ stepMs, size }) => (stepMs * size) / 3_600_000)).toEqual([1, 24, 168]);
  });

  it('what nobody saw is unknown, and what was seen without any spend is nothing', () => {
    const history = new History();
    history.saw(START, START + 2 * MINUTE);
    history.take(increment(START + MINUTE, 3));
    history.saw(START + 5 * MINUTE, START + 5 * MINUTE);
    const { all, keys } = viewOf(history, 'hour', START + 6 * MINUTE);
    expect(all.usd.slice(-8)).toEqual([null, 0, 3, 0, null, null, 0, null]);
    expect(all.tokens.slice(-8)).toEqual([null, 0, 9, 0, null, null, 0, null]);
    expect(keys).toEqual([{ id: 'a', usd: all.usd, tokens: all.tokens }]);
  });

  it('what comes late is spread over the time in which it was spent, as the detectors spread it', () => {
    const history = new History();
    history.saw(START, START);
    history.take(increment(START + 10 * MINUTE, 20, { from: START }));
    expect(viewOf(history, 'hour', START + 10 * MINUTE).all.usd.slice(-12)).toEqual([null, ...Array(10).fill(2), 0]);
    expect(viewOf(history, 'day', START + 10 * MINUTE).all.usd.slice(-3)).toEqual([10, 10, 0]);
    // As at any look that was not missed, it is told of the moment at which it was seen.
    history.take(increment(START + 11 * MINUTE, 4, { from: START + 10 * MINUTE }));
    expect(viewOf(history, 'hour', START + 11 * MINUTE).all.usd.slice(-3)).toEqual([2, 0, 4]);
  });

  it('what was spent before anything that is kept is left out', () => {
    const history = new History();
    history.saw(START, START);
    history.take(increment(START, 120, { from: START - 2 * 60 * MINUTE }));
    expect(sum(viewOf(history, 'hour', START).all.usd)).toBeCloseTo(59, 9);
    expect(sum(viewOf(history, 'day', START).all.usd)).toBeCloseTo(120, 9);
    history.take(increment(START - 61 * MINUTE, 9));
  });

  it('a blindness that shows late takes back what nobody can know, and nothing that was seen', () => {
    const history = new History();
    history.saw(START, START + 6 * MINUTE);
    history.take(increment(START + 3 * MINUTE, 5));
    history.missed(START + MINUTE + 1, START + 5 * MINUTE);
    expect(viewOf(history, 'hour', START + 6 * MINUTE).all.usd.slice(-7)).toEqual([0, 0, null, 5, null, null, 0]);
  });

  it('a clock that was set forward and back costs what was never lived through, and what it overwrote', () => {
    const history = new History();
    history.take(increment(START, 1));
    history.take(increment(START + 20 * MINUTE, 2));
    history.take(increment(START + MINUTE, 4));
    expect(viewOf(history, 'hour', START + MINUTE).all.usd.slice(-2)).toEqual([1, 4]);
    expect(at(history, 'hour', START + 20 * MINUTE, START + 20 * MINUTE)).toBeNull();
    const YEAR = 365 * 24 * 60 * MINUTE;
    history.take(increment(START + 3 * YEAR, 8));
    history.take(increment(START + 2 * MINUTE, 16));
    for (const { name } of spans) expect(sum(viewOf(history, name, START + 2 * MINUTE).all.usd)).toBe(16);
    // A little late is no clock.
    history.take(increment(START - 3 * MINUTE, 32));
    expect(at(history, 'hour', START - 3 * MINUTE, START + 2 * MINUTE)).toBe(32);
    expect(at(history, 'hour', START + 2 * MINUTE, START + 2 * MINUTE)).toBe(16);
  });

  it('bounds stand as they stood at the step, in dollars of such a step', () => {
    const history = new History();
    const bounds = (usual: number) => (_: number, stepMs: number) => ({
      ...{ usual: (usual * stepMs) / MINUTE, floor: 1, ceiling: 5, trips: undefined },
    });
    history.saw(START, START, bounds(1));
    history.saw(START, START + MINUTE, bounds(3));
    history.saw(START + MINUTE, START + 2 * MINUTE, () => UNBOUND);
    const hour = viewOf(history, 'hour', START + 2 * MINUTE).bounds;
    expect(hour.usual.slice(-4)).toEqual([null, 1, 3, null]);
    expect(hour.floor.slice(-4)).toEqual([null, 1, 1, null]);
    expect(hour.trips.slice(-4)).toEqual([null, null, null, null]);
    history.saw(START + 2 * MINUTE, START + 4 * MINUTE, bounds(3));
    expect(viewOf(history, 'day', START + 4 * MINUTE).bounds.usual.slice(-1)).toEqual([15]);
  });
});

describe('laws', () => {
  const spent = fc.record({
    minutes: fc.integer({ min: 0, max: 300 }),
    late: fc.integer({ min: 0, max: 200 }),
    usd: fc.integer({ min: 0, max: 1_000 }),
    key: fc.integer({ min: 0, max: 120 }).map((n) => `k${n}`),
    model: fc.integer({ min: 0, max: 60 }).map((n) => `m${n}`),
  });
  const runs = fc.array(spent, { maxLength: 120 });
  const MOMENT = 10_000;
  type Amounts = readonly (number | null | undefined)[];
  const apart = (some: Amounts, others: Amounts): number =>
    Math.max(...some.map((value, i) => Math.abs((value ?? 0) - (others[i] ?? 0))));

  function play(all: readonly { minutes: number; late: number; usd: number; key: string; model: string }[]) {
    const history = new History();
    const model = new Map<string, number>();
    let to = START;
    for (const { minutes, late, usd, key, model: name } of all) {
      to += minutes * MINUTE + MOMENT;
      const from = late < 100 ? to : to - late * MINUTE;
      history.take(increment(to, usd, { key, model: name, from }));
      for (const { name: span, stepMs } of spans)
        for (let step = Math.floor(from / stepMs); step <= Math.floor(to / stepMs); step += 1) {
          const ms = Math.min(to, (step + 1) * stepMs) - Math.max(from, step * stepMs);
          const part = from === to ? 1 : ms / (to - from);
          const place = `${span} ${step}`;
          model.set(place, (model.get(place) ?? 0) + usd * part);
        }
    }
    return { history, model, to };
  }

  it('gives back exactly what was put in, step by step, and nothing of a step that nobody saw', () => {
    fc.assert(
      fc.property(runs, (all) => {
        const { history, model, to } = play(all);
        for (const { name, stepMs } of spans) {
          const { from, all: shown } = viewOf(history, name, to);
          const put = shown.usd.map((_, i) => model.get(`${name} ${from / stepMs + i}`));
          expect(shown.usd.map((value) => value === null)).toEqual(put.map((value) => value === undefined));
          expect(apart(shown.usd, put)).toBeLessThan(1e-6);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('the lines of keys, and those of models, are together all that was spent, whoever has a line', () => {
    fc.assert(
      fc.property(runs, fc.constantFrom<SpanName>('hour', 'day', 'week'), (all, span) => {
        const { history, to } = play(all);
        const view = viewOf(history, span, to);
        for (const lines of [view.keys, view.models]) {
          expect(lines.length).toBeLessThanOrEqual(9);
          for (const unit of ['usd', 'tokens'] as const) {
            const together = view.all[unit].map((_, i) => lines.reduce((all, line) => all + (line[unit][i] ?? 0), 0));
            expect(apart(together, view.all[unit])).toBeLessThan(1e-6);
            expect(
              lines.some((line) => line[unit].some((value, i) => value !== null && view.all[unit][i] === null)),
            ).toBe(false);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it('a look changes nothing', () => {
    const { history, to } = play([{ minutes: 3, late: 0, usd: 4, key: 'k', model: 'm' }]);
    const before = JSON.stringify(viewOf(history, 'week', to));
    viewOf(history, 'week', to + 365 * 24 * 60 * MINUTE);
    expect(JSON.stringify(viewOf(history, 'week', to))).toBe(before);
    expect(spanOf('week').size).toBe(viewOf(history, 'week', to).steps);
  });
});
