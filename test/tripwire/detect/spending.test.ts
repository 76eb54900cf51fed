import fc from 'fast-check';
import {
  advance,
  fineSum,
  minuteSpend,
  minutesSum,
  noSpending,
  type Spending,
  spend,
  trimmedSums,
} from '../../../src/tripwire/detect/spending';
import { START } from './traffic';

/** Whole numbers, so that sums are exact. */
const amount = fc.nat({ max: 1_000 });
const step = fc.record({
  after: fc.oneof(fc.constantFrom(0, 5, 10), fc.nat({ max: 90 }), fc.nat({ max: 5_000 }), fc.nat({ max: 30_000 })),
  late: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 30_000 })),
  all: amount,
  alike: amount,
  dear: amount,
});
const steps = fc.array(step, { maxLength: 60, size: 'max' });
type Sample = { readonly at: number; readonly all: number; readonly alike: number; readonly dear: number };

/** The same as a plain list of samples. */
class Plain {
  now = START;
  readonly samples: Sample[] = [];

  within(seconds: number, bucket: number, stream: 'all' | 'alike' | 'dear'): number[] {
    const newest = Math.floor(this.now / bucket);
    return this.samples
      .filter(({ at }) => Math.floor(at / bucket) > newest - seconds / bucket && Math.floor(at / bucket) <= newest)
      .map((sample) => sample[stream]);
  }
}

const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0);
const trimmed = (all: readonly number[]): number => sum(all) - Math.max(0, ...all);

function play(taken: typeof steps extends fc.Arbitrary<infer T> ? T : never): { spending: Spending; plain: Plain } {
  const [spending, plain] = [noSpending(), new Plain()];
  for (const { after, late, ...amounts } of taken) {
    plain.now += after;
    advance(spending, plain.now);
    spend(spending, plain.now - late, amounts);
    plain.samples.push({ at: plain.now - late, ...amounts });
  }
  advance(spending, plain.now);
  return { spending, plain };
}

const out = (spending: Spending, stream: 'all' | 'alike' | 'dear', windows: readonly number[]): number[] => {
  const sums = new Float64Array(2 + windows.length).fill(-1);
  trimmedSums(spending, stream, windows, sums, 1);
  expect([sums[0], sums.at(-1)]).toEqual([-1, -1]);
  return [...sums.slice(1, -1)];
};

describe('the rings say the same as a list of all samples', () => {
  it('sums less the largest sample, over windows up to ten minutes', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom('all', 'alike', 'dear'), (taken, stream) => {
        const { spending, plain } = play(taken);
        const windows = [5, 20, 30, 60, 180, 600];
        expect(out(spending, stream, windows)).toEqual(windows.map((one) => trimmed(plain.within(one, 5, stream))));
      }),
    );
  });

  it('and over hours', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom('all', 'dear'), (taken, stream) => {
        const { spending, plain } = play(taken);
        const windows = [1_800, 7_200, 21_600];
        expect(out(spending, stream, windows)).toEqual(windows.map((one) => trimmed(plain.within(one, 60, stream))));
      }),
    );
  });

  it('plain sums, of any stretch', () => {
    const stretch = fc
      .tuple(fc.nat({ max: 120 }), fc.nat({ max: 120 }))
      .map(([a, b]) => [Math.max(a, b), Math.min(a, b)]);
    fc.assert(
      fc.property(steps, stretch, fc.nat({ max: 360 }), (taken, [from = 0, to = 0], minutes) => {
        const { spending, plain } = play(taken);
        const until = (seconds: number): number => sum(plain.within(seconds, 5, 'all'));
        expect(fineSum(spending, from * 5, to * 5)).toBe(until(from * 5) - until(to * 5));
        expect(minutesSum(spending, minutes)).toBe(sum(plain.within(minutes * 60, 60, 'all')));
        expect(minutesSum(spending, minutes, 'dear')).toBe(sum(plain.within(minutes * 60, 60, 'dear')));
        expect(minuteSpend(spending, minutes)).toBe(
          sum(plain.within((minutes + 1) * 60, 60, 'all')) - sum(plain.within(minutes * 60, 60, 'all')),
        );
      }),
    );
  });
});

it('one sample alone is nothing, whatever its size; the second counts by the smaller of the two', () => {
  const spending = noSpending();
  advance(spending, START);
  spend(spending, START, { all: 1_000, alike: 0, dear: 0 });
  expect(out(spending, 'all', [60, 600])).toEqual([0, 0]);
  spend(spending, START, { all: 3, alike: 0, dear: 0 });
  expect(out(spending, 'all', [60, 600])).toEqual([3, 3]);
});

it('a time that lies before does not move it back', () => {
  const spending = noSpending();
  advance(spending, START + 60);
  spend(spending, START + 60, { all: 5, alike: 5, dear: 5 });
  advance(spending, START);
  expect(spending).toMatchObject({ fineAt: (START + 60) / 5, minuteAt: (START + 60) / 60 });
  expect(fineSum(spending, 60, 0)).toBe(5);
});

it('takes the same room, whatever is spent', () => {
  const { spending } = play(Array.from({ length: 500 }, (_, i) => ({ after: 7, late: 0, all: i, alike: i, dear: i })));
  expect([spending.fine.length, spending.minutes.length]).toEqual([
    noSpending().fine.length,
    noSpending().minutes.length,
  ]);
});
