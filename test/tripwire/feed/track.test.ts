import fc from 'fast-check';
import { type Assigned, assign, type Track } from '../../../src/tripwire/feed/track';
import type { Usage } from '../../../src/tripwire/reading';
import { AMOUNTS, minus, plus, restarting, type Shown, type Step, show, undisturbed, usage, workers } from './proxy';

const at = 1_000;
const track = (amount: Usage, turn = 0, process?: string): Track => ({ ...amount, at: turn, turn, process });
const now = (turn: number, process?: string) => ({ at, turn, process });

const wentOnFrom = ({ before, isNew, isKnown }: Assigned) => [
  ...[before.spendUsd, before.promptTokens, before.completionTokens],
  isNew ? (isKnown ? 'new' : 'unknown') : 'known',
];

describe('a reading goes on from', () => {
  test.each<[string, Track[], Usage, (number | string)[]]>([
    ['nothing, when it is the first', [], usage(5), [0, 0, 0, 'unknown']],
    ['the only total, when it lies below', [track(usage(5))], usage(8), [5, 5, 5, 'known']],
    ['the only total, when nothing came upon it', [track(usage(5))], usage(5), [5, 5, 5, 'known']],
    ['nothing, when it lies below all', [track(usage(5)), track(usage(8))], usage(1), [0, 0, 0, 'new']],
    [
      'nothing in an amount that lies below all, the nearest in others',
      [track(usage(5)), track(usage(8))],
      usage(9, 9, 4),
      [8, 8, 0, 'new'],
    ],
    ['the nearest of several', [track(usage(5)), track(usage(8)), track(usage(12))], usage(9), [8, 8, 8, 'known']],
    ['the nearest in each amount', [track(usage(5, 9, 1)), track(usage(8, 2, 4))], usage(9), [8, 9, 4, 'known']],
    [
      'a total in tokens where nothing costs money',
      [track(usage(0, 5, 5)), track(usage(0, 8, 8))],
      usage(0, 9, 9),
      [0, 8, 8, 'known'],
    ],
  ])('%s', (_what, tracks, reading, before) => {
    expect(wentOnFrom(assign(tracks, reading, now(1)))).toEqual(before);
  });

  it('what its own process showed last, whatever lies nearer', () => {
    const tracks = [track(usage(8), 2, 'b'), track(usage(5), 1, 'a')];
    expect(wentOnFrom(assign(tracks, usage(9), now(3, 'a')))).toEqual([5, 5, 5, 'known']);
  });

  it('nothing, when its process has not shown, though totals of others lie below', () => {
    expect(wentOnFrom(assign([track(usage(5), 1, 'a')], usage(9), now(2, 'b')))).toEqual([0, 0, 0, 'unknown']);
  });

  it('a nameless total, when names came up; a named one, when they went away', () => {
    expect(wentOnFrom(assign([track(usage(5))], usage(9), now(2, 'a')))).toEqual([5, 5, 5, 'known']);
    expect(wentOnFrom(assign([track(usage(5), 0, 'a')], usage(9), now(2)))).toEqual([5, 5, 5, 'known']);
  });

  it('a total that is higher in the last digits alone, and never counts these digits twice', () => {
    const sums = [0.3 + 0.2 + 0.1, 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1];
    expect(new Set(sums).size).toBe(2);
    let tracks: readonly Track[] = [];
    for (const [turn, spendUsd] of sums.entries()) ({ tracks } = assign(tracks, usage(spendUsd, 5, 5), now(turn)));
    expect(tracks).toEqual([expect.objectContaining({ spendUsd: Math.max(...sums) })]);
  });

  it('is told the time at which that was seen: the money, or, where there is none, the tokens', () => {
    const tracks = [track(usage(8, 1, 1), 7), track(usage(5, 6, 6), 4)];
    expect(assign(tracks, usage(9), now(8)).beforeAt).toBe(7);
    expect(assign(tracks, usage(7), now(8)).beforeAt).toBe(4);
    expect(assign(tracks, usage(1, 6, 6), now(8)).beforeAt).toBeUndefined();
    const free = [track(usage(0, 8, 8), 7), track(usage(0, 5, 5), 4)];
    expect(assign(free, usage(0, 6, 6), now(8)).beforeAt).toBe(4);
  });
});

describe('what is remembered', () => {
  it('is each total once, whoever it is taken for', () => {
    const { tracks } = assign([track(usage(5, 9, 1), 3), track(usage(8, 2, 4), 2)], usage(9), now(4));
    expect(tracks).toEqual([
      { ...usage(9), at, turn: 4, process: undefined },
      { ...usage(5, 2, 1), at: 3, turn: 3, process: undefined },
    ]);
  });

  it('forgets a nameless total that did not show for 200 readings, and no other', () => {
    const tracks = [track(usage(50), 300), track(usage(20), 100), track(usage(10), 99)];
    expect(wentOnFrom(assign(tracks, usage(30), now(300)))).toEqual([20, 20, 20, 'known']);
    expect(wentOnFrom(assign(tracks, usage(15), now(300)))).toEqual([0, 0, 0, 'new']);
    const named = [track(usage(50), 300, 'b'), track(usage(10), 0, 'a')];
    expect(wentOnFrom(assign(named, usage(15), now(300, 'a')))).toEqual([10, 10, 10, 'known']);
  });

  it('is 64 processes at most, the ones that showed last', () => {
    let tracks: readonly Track[] = [];
    for (let turn = 0; turn < 100; turn += 1) ({ tracks } = assign(tracks, usage(1), now(turn, `p${turn}`)));
    expect(tracks.map(({ process }) => process)).toEqual(Array.from({ length: 64 }, (_, i) => `p${99 - i}`));
  });
});

/** All that came upon the totals, in the order of the looks. */
function fed(shown: readonly Shown[]): readonly Usage[] {
  let tracks: readonly Track[] = [];
  const sums: Usage[] = [];
  for (const [turn, { reading }] of shown.entries()) {
    const assigned = assign(tracks, reading, { at: reading.at, turn, process: reading.process });
    tracks = assigned.tracks;
    sums.push(plus(sums.at(-1) ?? usage(0), minus(reading, assigned.before)));
  }
  return sums;
}

/** Each spends another amount and is seen, the dearest first: told apart once, they stay so. */
const apart = (count: number, by: number): Step[] =>
  Array.from({ length: count }, (_, i) => count - i).flatMap((worker): Step[] => [
    { kind: 'spend', worker, amount: usage(by * worker) },
    { kind: 'look', worker },
  ]);
const looksAtAll = (count: number): Step[] => {
  const round = Array.from({ length: count }, (_, worker): Step => ({ kind: 'look', worker }));
  return Array.from({ length: count }, () => round).flat();
};
const inOrder = (steps: readonly Step[]) => steps.filter(({ kind }) => kind !== 'again');

/** The first look after which more was fed than spent. */
const overfed = (shown: readonly Shown[], sums: readonly Usage[]) =>
  shown.find(({ seen }, i) => AMOUNTS.some((amount) => (sums[i] ?? seen)[amount] > seen[amount]));

describe('nameless workers, whoever answers', () => {
  it('are never fed for more than they spent, and for all of it once all were seen often enough', () => {
    let mixed = 0;
    fc.assert(
      fc.property(workers, undisturbed, (count, steps) => {
        // Two that stand at the very same total can't be told apart: not so at the end.
        const all = [...apart(count, 10), ...inOrder(steps), ...apart(count, 10_000), ...looksAtAll(count)];
        const shown = show(count, all, { named: false });
        const sums = fed(shown);
        expect(overfed(shown, sums)).toBeUndefined();
        expect(sums.at(-1)).toEqual(shown.at(-1)?.seen);
        mixed += shown.filter(({ seen }, i) => sums[i]?.spendUsd !== seen.spendUsd).length;
      }),
      { numRuns: 500 },
    );
    // Else they would never have been taken for one another.
    expect(mixed).toBeGreaterThan(100);
  });

  it('are never fed for more than they spent, though they restart', () => {
    fc.assert(
      fc.property(workers, restarting, (count, steps) => {
        const shown = show(count, inOrder(steps), { named: false });
        expect(overfed(shown, fed(shown))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});

it('processes with names are fed for what they spent, exactly, at every look', () => {
  fc.assert(
    fc.property(workers, restarting, (count, steps) => {
      const shown = show(count, inOrder(steps), { named: true });
      expect(fed(shown)).toEqual(shown.map(({ seen }) => seen));
    }),
    { numRuns: 500 },
  );
});
