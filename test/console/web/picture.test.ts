import { gapsIn, pictureOf, total } from '../../../src/console/web/pages/spend/picture';
import type { SpendHistoryAnswer } from '../../../src/intake/http/spend-history-schema';

const history = (change: Partial<SpendHistoryAnswer> = {}): SpendHistoryAnswer => ({
  ...{ span: 'day', from: '2026-01-02T00:00:00Z', stepSeconds: 120, steps: 4 },
  all: { usd: [0.2, null, 0.4, 0.01], tokens: [1, null, 2, 0] },
  keys: [{ name: 'agent', usd: [0.2, null, 0.4, 0.01], tokens: [1, null, 2, 0] }],
  models: [{ name: 'small', usd: [0, null, null, 0], tokens: [0, null, null, 0] }],
  bounds: {
    usual: [0.1, 0.1, 0.1, 0.1],
    floor: [0.3, 0.3, 0.3, 0.3],
    ceiling: [90, 90, 90, 90],
    trips: [null, null, null, null],
  },
  marks: [],
  ...change,
});

describe('the picture of what was spent', () => {
  it('draws a minute of each step that is over, and a gap where nobody saw it', () => {
    const { times, end, lines, gaps } = pictureOf(history(), 'keys');
    const start = Date.parse('2026-01-02T00:00:00Z');
    expect(times).toEqual([0, 120, 240].map((after) => start / 1000 + after));
    expect(end).toBe(start / 1000 + 4 * 120);
    expect(lines).toEqual([
      { name: 'all together', kind: 'all', values: [0.1, null, 0.2] },
      { name: 'agent', kind: 'one', values: [0.1, null, 0.2] },
      { name: 'what is usual', kind: 'bound', values: [0.05, 0.05, 0.05] },
      { name: 'the floor', kind: 'bound', values: [0.15, 0.15, 0.15] },
    ]);
    expect(gaps).toEqual([{ from: start + 120_000, to: start + 240_000 }]);
  });

  it('tells of a bound that would flatten all else in words', () => {
    const { above, top } = pictureOf(history(), 'keys');
    expect(above).toEqual([{ name: 'the ceiling', usd: 45 }]);
    expect(top).toBeGreaterThan(0.2);
    expect(top).toBeLessThan(0.3);
  });

  it('shows models as they are asked for', () => {
    expect(pictureOf(history(), 'models').lines[1]).toEqual({ name: 'small', kind: 'one', values: [0, null, null] });
  });

  it('has a height where nothing was spent, and where nobody saw anything', () => {
    for (const usd of [
      [0, 0, 0],
      [null, null, null],
    ]) {
      const none = history({
        all: { usd, tokens: usd },
        keys: [],
        models: [],
        bounds: { usual: [], floor: [], ceiling: [], trips: [] },
      });
      expect(pictureOf(none, 'keys').top).toBeGreaterThan(0);
    }
  });

  it.each([
    [[], []],
    [[1, 2], []],
    [[null], [[0, 10]]],
    [
      [null, null, 1, null],
      [
        [0, 20],
        [30, 40],
      ],
    ],
  ])('gaps of %j', (values, gaps) => {
    expect(gapsIn(values, 0, 10)).toEqual(gaps.map(([from, to]) => ({ from, to })));
  });

  it('adds up what was seen, and nothing where nobody saw any', () => {
    expect([total([1, null, 2]), total([null]), total([])]).toEqual([3, undefined, undefined]);
  });
});
