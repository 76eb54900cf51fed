import { costBetween, measuredBetween } from '../../../src/tripwire/history/cost';
import { History } from '../../../src/tripwire/history/history';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 5, 12);
const bounds = (_: number, stepMs: number) => ({
  ...{ usual: (0.5 * stepMs) / MINUTE, floor: undefined, ceiling: undefined, trips: undefined },
});

/** A dollar and ten tokens a minute of key a, two of key b; seen all the time. */
function lived(minutes: number, boundsOf: typeof bounds | null = bounds): History {
  const history = new History();
  for (let i = 0; i < minutes; i += 1) {
    const to = START + i * MINUTE;
    const one = { from: to, to, model: 'm', promptTokens: 4, completionTokens: 6 };
    history.take({ ...one, key: 'a', spendUsd: 1 });
    history.take({ ...one, key: 'b', spendUsd: 2 });
    history.saw(to, to, boundsOf ?? undefined);
  }
  return history;
}

it.each([
  ['whole steps', 0, 10, { usd: 30, tokens: 200, usualUsd: 5, unseenMs: 0, stepMs: MINUTE }],
  ['shares of the first and the last', 0.5, 2.25, { usd: 5.25, tokens: 35, usualUsd: 0.875, unseenMs: 0 }],
  ['within one', 3.25, 3.5, { usd: 0.75, tokens: 5 }],
  ['what goes on beyond what was seen', 58, 62, { usd: 6, unseenMs: 2 * MINUTE }],
])('%s', (_, from, to, cost) => {
  const history = lived(60);
  expect(costBetween(history, START + from * MINUTE, START + to * MINUTE)).toMatchObject(cost);
});

it('of one key or one model, without what is usual for all', () => {
  const history = lived(60);
  const until = START + 10 * MINUTE;
  expect(costBetween(history, START, until, { kind: 'key', id: 'b' })).toMatchObject({ usd: 20, usualUsd: undefined });
  expect(costBetween(history, START, until, { kind: 'model', id: 'm' })).toMatchObject({ usd: 30 });
  expect(costBetween(history, START, until, { kind: 'key', id: 'nobody' })).toBeUndefined();
});

it('in coarser steps where the fine ones are gone', () => {
  const history = lived(3 * 60);
  expect(costBetween(history, START, START + HOUR)).toMatchObject({ usd: 180, unseenMs: 0, stepMs: 5 * MINUTE });
  history.saw(START + 48 * HOUR, START + 48 * HOUR);
  expect(costBetween(history, START, START + HOUR)).toMatchObject({ usd: 180, unseenMs: 0, stepMs: 30 * MINUTE });
});

it.each([
  ['before anything', START - 2 * HOUR, START - HOUR],
  ['longer ago than a week', START - 200 * HOUR, START - 199 * HOUR],
  ['no time at all', START, START],
  ['backwards', START + HOUR, START],
])('nobody knows: %s', (_, from, to) => {
  expect(costBetween(lived(60), from, to)).toBeUndefined();
});

it('nobody knows: what a key spent before it had a line', () => {
  const history = new History();
  for (let i = 0; i < 64; i += 1)
    history.take({
      key: `k${i}`,
      model: 'm',
      from: START,
      to: START,
      spendUsd: 5,
      promptTokens: 1,
      completionTokens: 1,
    });
  const late = { key: 'late', model: 'm', promptTokens: 1, completionTokens: 1 };
  history.take({ ...late, from: START, to: START, spendUsd: 1 });
  const now = START + 10 * MINUTE;
  history.take({ ...late, from: now, to: now, spendUsd: 50 });
  expect(costBetween(history, START, now + MINUTE, { kind: 'key', id: 'late' })).toBeUndefined();
  expect(costBetween(history, now, now + MINUTE, { kind: 'key', id: 'late' })).toMatchObject({ usd: 50 });
});

it('what is usual is unknown where it was not known at some time', () => {
  expect(costBetween(lived(60, null), START, START + HOUR)).toMatchObject({ usd: 180, usualUsd: undefined });
});

describe('in whole steps', () => {
  it.each([
    ['from the beginning of the first to the end of the last', 0.5, 4.5, { usd: 15, tokens: 100, overMs: 5 * MINUTE }],
    ['also the one that runs', 55.5, 59.5, { usd: 15, tokens: 100, overMs: 5 * MINUTE }],
    ['too short for such steps', 3, 5.9, undefined],
    ['not seen to its end', 55, 62, undefined],
    ['not seen from its beginning', -2, 10, undefined],
  ])('%s', (_, from, to, measured) => {
    expect(measuredBetween(lived(60), START + from * MINUTE, START + to * MINUTE)).toEqual(measured);
  });

  it('of one key, and not where something of it was missed', () => {
    const history = lived(60);
    const until = START + 9 * MINUTE;
    expect(measuredBetween(history, START, until, { kind: 'key', id: 'a' })).toMatchObject({ usd: 10 });
    history.saw(START + 65 * MINUTE, START + 65 * MINUTE);
    expect(measuredBetween(history, START + 50 * MINUTE, START + 64 * MINUTE)).toBeUndefined();
  });

  it('in coarser steps only where the time is long enough', () => {
    const history = lived(180);
    expect(measuredBetween(history, START, START + 14 * MINUTE)).toBeUndefined();
    expect(measuredBetween(history, START, START + 16 * MINUTE)).toMatchObject({ usd: 60, overMs: 20 * MINUTE });
  });
});
