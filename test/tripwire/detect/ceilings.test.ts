import fc from 'fast-check';
import { addTo, nothingSpent, spentIn, type WindowSpend, windowsOf } from '../../../src/tripwire/detect/ceilings';
import { DAY, HOUR, MINUTE, START } from './traffic';

const filled = (windowSeconds: number, spends: readonly (readonly [at: number, amount: number, over?: number])[]) => {
  const window = nothingSpent(windowSeconds);
  for (const [at, amount, over] of spends) addTo(window, START + at, amount, over);
  return (at: number): number => spentIn(window, START + at);
};

test.each<[string, number, [number, number][], number, number]>([
  ['nothing', MINUTE, [], 0, 0],
  ['at once, all of it', MINUTE, [[0, 3]], 0, 3],
  ['until the window is over', MINUTE, [[0, 3]], 57, 3],
  ['and not after it', MINUTE, [[0, 3]], 60, 0],
  [
    'several',
    HOUR,
    [
      [0, 3],
      [600, 4],
      [3_000, 5],
    ],
    3_300,
    12,
  ],
  [
    'several, the first of which is over',
    HOUR,
    [
      [0, 3],
      [600, 4],
      [3_000, 5],
    ],
    3_700,
    9,
  ],
  [
    'after weeks of nothing',
    DAY,
    [
      [0, 3],
      [21 * DAY, 4],
    ],
    21 * DAY,
    4,
  ],
  [
    'a late one',
    MINUTE,
    [
      [30, 3],
      [10, 4],
    ],
    30,
    7,
  ],
  [
    'one that is older than the window',
    MINUTE,
    [
      [120, 3],
      [10, 4],
    ],
    120,
    3,
  ],
])('%s', (_what, windowSeconds, spends, at, expected) => {
  expect(filled(windowSeconds, spends)(at)).toBe(expected);
});

test('never more than the window had, and hardly ever less', () => {
  const spends = fc.array(
    fc.record({ after: fc.integer({ min: 0, max: 200 }), amount: fc.integer({ min: 0, max: 50 }) }),
    { maxLength: 80, size: 'max' },
  );
  fc.assert(
    fc.property(fc.constantFrom(60, 600, 3_600), spends, (windowSeconds, all) => {
      const window = nothingSpent(windowSeconds);
      const truth: [at: number, amount: number][] = [];
      let at = START;
      for (const { after, amount } of all) {
        at += after;
        addTo(window, at, amount);
        truth.push([at, amount]);
        const sum = (seconds: number) =>
          truth.filter(([when]) => when > at - seconds).reduce((total, [, one]) => total + one, 0);
        expect(spentIn(window, at)).toBeLessThanOrEqual(sum(windowSeconds));
        expect(spentIn(window, at)).toBeGreaterThanOrEqual(sum((windowSeconds * 22) / 24));
      }
    }),
  );
});

describe('what came while nobody looked', () => {
  it('is spread over that time, and is not the last minute’s', () => {
    const minute = filled(MINUTE, [[HOUR, 60, HOUR]]);
    expect(minute(HOUR)).toBeCloseTo(1, 1);
    expect(minute(HOUR)).toBeLessThanOrEqual(1);
    expect(filled(HOUR, [[HOUR, 60, 30 * MINUTE]])(HOUR)).toBeCloseTo(60);
    expect(filled(DAY, [[HOUR, 60, HOUR]])(HOUR)).toBeCloseTo(60);
    expect(filled(HOUR, [[10 * DAY, 240, 10 * DAY]])(10 * DAY)).toBeLessThanOrEqual(1);
  });

  it('is all of it, however the parts lie', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 71, max: 3_000 }), (at, over) => {
        expect(filled(HOUR, [[at, 10, over]])(at)).toBeCloseTo(10);
      }),
    );
  });
});

describe('a clock that was set back', () => {
  it('begins anew; what was spent since is there', () => {
    const day = filled(DAY, [
      [5 * DAY, 100],
      [0, 3],
      [60, 4],
    ]);
    expect(day(60)).toBe(7);
    expect(
      filled(MINUTE, [
        [HOUR, 100],
        [0, 3],
        [60, 4],
      ])(60),
    ).toBe(4);
  });
});

describe('windows of a configuration', () => {
  const window = (windowSeconds: number, amount: number): WindowSpend => {
    const one = nothingSpent(windowSeconds);
    addTo(one, START, amount);
    return one;
  };

  it('go on where they are asked for again, in whatever order, and begin with nothing where they are new', () => {
    const now = windowsOf([window(MINUTE, 1), window(HOUR, 2)], [HOUR, DAY, MINUTE]);
    expect(now.map((one) => [one.windowSeconds, spentIn(one, START)])).toEqual([
      [HOUR, 2],
      [DAY, 0],
      [MINUTE, 1],
    ]);
  });

  it('share nothing with what they were, nor with one another', () => {
    const before = window(HOUR, 2);
    const [one, other] = windowsOf([before], [HOUR, HOUR]) as [WindowSpend, WindowSpend];
    addTo(one, START, 5);
    expect([before, one, other].map((all) => spentIn(all, START))).toEqual([2, 7, 2]);
  });
});
