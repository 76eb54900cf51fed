import fc from 'fast-check';
import { History } from '../../../src/tripwire/history/history';
import { loadHistory, saveHistory } from '../../../src/tripwire/history/saved';
import { spanNames } from '../../../src/tripwire/history/spans';
import { viewOf } from '../../../src/tripwire/history/view';

const START = Date.UTC(2026, 0, 5, 12);
const spent = (to: number, spendUsd: number, key = 'a', model = 'm') => ({
  ...{ key, model, from: to, to, spendUsd, promptTokens: 1, completionTokens: 2 },
});
const bounds = () => ({ usual: 0.1, floor: 0.2, ceiling: undefined, trips: 0.4 });
const overRestart = (history: History): { loaded: History; names: ReadonlyMap<string, string>; text: string } => {
  const text = JSON.stringify([...saveHistory(history, (key) => `name of ${key}`)]);
  const loaded = new History();
  return { loaded, names: loadHistory(loaded, JSON.parse(text) as unknown[]), text };
};
const views = (history: History, now: number) => JSON.stringify(spanNames.map((span) => viewOf(history, span, now)));

function full(): History {
  const history = new History();
  for (let i = 0; i < 100; i += 1) history.take(spent(START + i * 60_000, 1 / (i + 3), `k${i}`, `m${i % 40}`));
  history.saw(START, START + 99 * 60_000, bounds);
  return history;
}

it('is the same after a restart, to the last digit, and goes on', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(400), fc.double({ min: 0, max: 1e6, noNaN: true }), fc.nat(90)), { maxLength: 60 }),
      (all) => {
        const history = new History();
        let at = START;
        for (const [minutes, usd, key] of all) {
          at += minutes * 60_000;
          history.take(spent(at, usd, `k${key}`));
          history.saw(at, at, bounds);
        }
        const { loaded } = overRestart(history);
        expect(views(loaded, at)).toBe(views(history, at));
        for (const one of [history, loaded]) one.take(spent(at + 60_000, 7, 'k0'));
        expect(views(loaded, at + 60_000)).toBe(views(history, at + 60_000));
      },
    ),
    { numRuns: 10 },
  );
});

it('the time in which nobody looked is unknown', () => {
  const { loaded } = overRestart(full());
  const back = START + 130 * 60_000;
  loaded.saw(back, back);
  expect(viewOf(loaded, 'hour', back).all.usd.slice(-31)).toEqual([...Array(30).fill(null), 0]);
});

it('keeps what keys were called, and counts whoever comes new from then on', () => {
  const { loaded, names } = overRestart(full());
  expect(names.get('k0')).toBe('name of k0');
  expect(names.size).toBe(64);
  loaded.take(spent(START + 100 * 60_000, 1_000, 'late'));
  expect(loaded.keys.named.get('late')?.since).toBe(START + 100 * 60_000);
});

it('is of one moment, whatever is spent while it is written', () => {
  const history = full();
  const before = JSON.stringify([...saveHistory(history, String)]);
  const parts = saveHistory(history, String)[Symbol.iterator]();
  const written = [parts.next().value];
  for (let i = 0; i < 50; i += 1) history.take(spent(START + 99 * 60_000, 5, `k${i}`));
  for (let next = parts.next(); !next.done; next = parts.next()) written.push(next.value);
  expect(JSON.stringify(written)).toBe(before);
});

it('is bounded in bytes, whoever spends', () => {
  const history = new History();
  let n = 0;
  for (let minute = 0; minute < 8 * 24 * 60; minute += 5)
    for (let i = 0; i < 20; i += 1) {
      n += 1;
      history.take(spent(START + minute * 60_000, Math.PI / (1 + (n % 7)), `key-${n % 3_000}`, `model-${n % 500}`));
    }
  expect(overRestart(history).text.length).toBeLessThan(4_000_000);
});

describe('what is not what was saved is refused as a whole', () => {
  const saved = () => JSON.parse(overRestart(full()).text) as Record<string, unknown>[];
  const cases: [string, (parts: Record<string, unknown>[]) => unknown[]][] = [
    ['nothing', () => []],
    ['a version of tomorrow', ([head, ...rest]) => [{ ...head, version: 2 }, ...rest]],
    ['other steps', ([head, ...rest]) => [{ ...head, steps: [[60_000, 61]] }, ...rest]],
    ['too few places seen', ([head, ...rest]) => [{ ...head, seen: 'AAAA' }, ...rest]],
    ['a bound too few', ([head, ...rest]) => [{ ...head, bounds: { usual: [] } }, ...rest]],
    ['no line of all', (parts) => parts.filter(({ of }) => of !== 'all')],
    ['a line too short', (parts) => parts.map((one) => (one.of === 'all' ? { ...one, usd: [1] } : one))],
    [
      'less than nothing',
      (parts) => parts.map((one) => (one.of === 'model' ? { ...one, tokens: Array(684).fill(-1) } : one)),
    ],
    ['half of it', (parts) => parts.slice(0, 5)],
  ];
  it.each(cases)('%s', (_, change) => {
    const history = new History();
    expect(() => loadHistory(history, change(saved()))).toThrow();
    expect(views(history, START)).toBe(views(new History(), START));
  });
});
