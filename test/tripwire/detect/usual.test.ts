import fc from 'fast-check';
import {
  activeMinute,
  learnHours,
  learnMinute,
  learnPrice,
  nothingUsual,
  usualAt,
} from '../../../src/tripwire/detect/usual';
import { DAY, MINUTE, mulberry32, START } from './traffic';

const HOUR_NOW = START / 3_600;

describe('an active minute', () => {
  it('is nothing while there was none', () => {
    expect(activeMinute(nothingUsual())).toBe(0);
  });

  it('is the mean of those of today and the three days before', () => {
    const days = fc.array(fc.tuple(fc.nat({ max: 6 }), fc.array(fc.nat({ max: 100 }), { maxLength: 8 })));
    fc.assert(
      fc.property(days, (all) => {
        const usual = nothingUsual();
        const plain: [day: number, spend: number][] = [];
        let day = 0;
        for (const [after, minutes] of all) {
          day += after;
          for (const [i, spend] of minutes.entries()) {
            learnMinute(usual, START + day * DAY + i * MINUTE, spend);
            plain.push([day, spend]);
          }
        }
        const newest = plain.at(-1)?.[0] ?? 0;
        const kept = plain.filter(([one]) => one > newest - 4).map(([, spend]) => spend);
        const mean = kept.length === 0 ? 0 : kept.reduce((a, b) => a + b, 0) / kept.length;
        expect(activeMinute(usual)).toBeCloseTo(mean, 9);
      }),
    );
  });
});

describe('an hour of the day', () => {
  const usual = () => {
    const fresh = nothingUsual();
    learnHours(fresh, HOUR_NOW);
    return fresh;
  };
  const spendIn = (one: ReturnType<typeof usual>, hour: number, spend: number) => {
    learnHours(one, HOUR_NOW + hour);
    one.hourSpend += spend;
    learnHours(one, HOUR_NOW + hour + 1);
  };

  it('is not known before it was there once', () => {
    const one = usual();
    expect(usualAt(one, HOUR_NOW + 10)).toBeUndefined();
    spendIn(one, 10, 60);
    expect(usualAt(one, HOUR_NOW + 10)).toBe(1);
    expect(usualAt(one, HOUR_NOW + 34)).toBe(1);
    expect(usualAt(one, HOUR_NOW + 9)).toBe(0);
    expect(usualAt(one, HOUR_NOW + 11)).toBeUndefined();
  });

  it('follows what it is now, and remembers what it was', () => {
    const one = usual();
    for (let day = 0; day < 14; day++) spendIn(one, day * 24 + 10, 60);
    expect(usualAt(one, HOUR_NOW + 10)).toBeCloseTo(1);
    spendIn(one, 14 * 24 + 10, 600);
    expect(usualAt(one, HOUR_NOW + 10)).toBeGreaterThan(2);
    expect(usualAt(one, HOUR_NOW + 10)).toBeLessThan(6);
    for (let day = 15; day < 30; day++) spendIn(one, day * 24 + 10, 600);
    expect(usualAt(one, HOUR_NOW + 10)).toBeCloseTo(10, 1);
  });

  it('that was idle counts as nothing; after weeks of idleness none of it is left, soon', () => {
    const one = usual();
    for (let day = 0; day < 14; day++) spendIn(one, day * 24 + 10, 60);
    learnHours(one, HOUR_NOW + 15 * 24);
    expect(usualAt(one, HOUR_NOW + 10)).toBeCloseTo(0.7);
    const began = performance.now();
    learnHours(one, HOUR_NOW + 1e6);
    expect(performance.now() - began).toBeLessThan(50);
    expect(usualAt(one, HOUR_NOW + 10)).toBeLessThan(0.01);
  });
});

describe('the usual price of a token', () => {
  /** A day of calls whose price lies about this, and the day after. */
  const learnt = (price: number, days = 1) => {
    const usual = nothingUsual();
    const next = mulberry32(5);
    for (let day = 0; day <= days; day++)
      for (let i = 0; i < 200; i++) {
        const tokens = 1_000 + 9_000 * next();
        learnPrice(usual.prices, tokens * price * Math.exp(0.2 * next() - 0.1), tokens);
        learnMinute(usual, START + day * DAY + i * MINUTE, 1);
      }
    return usual;
  };

  it('is not known on the first day', () => {
    expect(learnt(1e-5, 0).prices.usual).toBe(0);
  });

  it.each([1e-8, 3e-6, 1e-3, 1, 40, 2_000])('is found, whatever the currency: %p', (price) => {
    expect(learnt(price).prices.usual / price).toBeGreaterThan(0.88);
    expect(learnt(price).prices.usual / price).toBeLessThan(1.13);
  });

  it('is that of most of the money, not of most calls', () => {
    const usual = nothingUsual();
    for (let i = 0; i < 1_000; i++) learnPrice(usual.prices, 0.001, 1_000);
    for (let i = 0; i < 10; i++) learnPrice(usual.prices, 0.3, 1_000);
    learnMinute(usual, START, 1);
    learnMinute(usual, START + DAY, 1);
    expect(usual.prices.usual).toBeGreaterThan(2e-4);
  });

  it('follows a change of prices within days', () => {
    const usual = learnt(1e-5, 10);
    for (let day = 11; day < 30; day++)
      for (let i = 0; i < 200; i++) {
        learnPrice(usual.prices, 0.2, 5_000);
        learnMinute(usual, START + day * DAY + i * MINUTE, 1);
      }
    expect(usual.prices.usual / 4e-5).toBeGreaterThan(0.88);
    expect(usual.prices.usual / 4e-5).toBeLessThan(1.13);
  });

  it('says nothing of calls without money or tokens; a price that is absurd has its place at the end', () => {
    const usual = nothingUsual();
    learnPrice(usual.prices, 0, 1_000);
    learnPrice(usual.prices, 1, 0);
    expect([...usual.prices.bins].every((bin) => bin === 0)).toBe(true);
    learnPrice(usual.prices, 1, 1e5);
    learnPrice(usual.prices, 1e9, 1);
    learnPrice(usual.prices, 1e-9, 1e9);
    expect([...usual.prices.bins].reduce((a, b) => a + b)).toBeCloseTo(1e9 + 1, 0);
  });
});
