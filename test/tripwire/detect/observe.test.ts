import { freshState, type SubjectState } from '../../../src/tripwire/detect/state';
import type { Ceiling } from '../../../src/tripwire/settings';
import {
  busy,
  type Call,
  call,
  DAY,
  firstTrip,
  HOUR,
  helper,
  how,
  learnt,
  loop,
  MINUTE,
  NOW,
  run,
  START,
  trips,
  tuning,
} from './traffic';

const ceiling = (windowSeconds: number, limit: number): Ceiling => ({ unit: 'usd', windowSeconds, limit });
const fresh = (): SubjectState => freshState();

/** The helper spends some cents in an active minute: `busy(1)` is nearly five times as much. */
const session = (prompt: (i: number) => number, every: number, count: number): Call[] =>
  Array.from({ length: count }, (_, i) => call(NOW + every * (i + 1), Math.round(prompt(i)), 100 + ((i * 137) % 911)));
const swarm = [1, 1, 2, 4, 8, 16].flatMap((agents, minute) => busy(NOW + minute * MINUTE, MINUTE, agents, minute + 1));
const dearer = (calls: readonly Call[], factor: number, model: string) =>
  calls.map((one) => ({ ...one, usd: one.usd * factor, model }));
const bouts = (from: number, count: number, seconds: number): Call[] =>
  Array.from({ length: count }, (_, i) => busy(from + i * HOUR, seconds, 1, i + 900)).flat();

let shortBouts: SubjectState | undefined;
/** Of one that works for ten minutes, five times a day, and rests between. */
const resting = (): SubjectState => {
  shortBouts ??= run(
    fresh(),
    Array.from({ length: 14 }, (_, day) =>
      Array.from({ length: 5 }, (_, i) => busy(START + day * DAY + (9 + 2 * i) * HOUR, 600, 1, day * 5 + i)).flat(),
    ).flat(),
  ).state;
  return shortBouts;
};

describe('what runs away, and what looks like it and does not', () => {
  test.each<[string, () => SubjectState, Call[], seconds: number, rules: string[]]>([
    ['a loop of five times as much as usual', learnt, loop(NOW, 1_800, 1), 300, ['loop']],
    ['of twenty times', learnt, loop(NOW, 600, 5), 90, ['loop', 'level']],
    ['of a hundred times', learnt, loop(NOW, 300, 25), 40, ['loop', 'level']],
    ['the same at night', learnt, loop(NOW + 16 * HOUR, 600, 5), 16 * HOUR + 90, ['loop', 'level']],
    ['far more than ever, of all sizes', learnt, busy(NOW, 600, 20), 60, ['level']],
    ['a context that grows with each call', learnt, session((i) => 4_000 * 1.05 ** i, 10, 120), 600, ['loop', 'level']],
    ['a swarm that doubles each minute', learnt, swarm, 300, ['growth']],
    ['a dearer model', learnt, dearer(busy(NOW, 1_800, 1), 8, 'opus'), 120, ['price']],
    ['a leak that never rests', resting, busy(NOW, 6 * HOUR, 1, 77), 7_200, ['sustained']],
    ['a stranger’s loop', fresh, loop(NOW, 600, 10), 60, ['cold-start']],
    ['a stranger that burns money in all ways', fresh, busy(NOW, 600, 40), 90, ['cold-start']],
  ])('%s trips', (_what, state, calls, within, rules) => {
    const [seconds, rule] = firstTrip(run(state(), calls), NOW) ?? [];
    expect(rules).toContain(rule);
    expect(seconds).toBeLessThanOrEqual(within);
  });

  test.each<[string, () => SubjectState, Call[]]>([
    ['another ordinary day', learnt, [...helper(1, 77, START + 14 * DAY)]],
    ['a burst of ten times as much for two minutes', learnt, busy(NOW, 2 * MINUTE, 2)],
    ['a batch of four times for ten minutes', learnt, busy(NOW, 10 * MINUTE, 1)],
    ['a fan-out: many calls at once for half a minute', learnt, busy(NOW, 30, 3)],
    ['a long session whose prompts grow', learnt, session((i) => 3_000 + 700 * i, 60, 60)],
    ['one call that is huge', learnt, [call(NOW, 3_000_000, 9_000), ...busy(NOW, 10 * MINUTE, 1)]],
    ['a price that doubles for all of a day', learnt, dearer([...helper(1, 77, START + 14 * DAY)], 2, 'sonnet')],
    ['as much as a leak, with rests', resting, bouts(NOW, 6, 15 * MINUTE)],
    ['a stranger’s first days', fresh, [...helper(3, 5)]],
    ['a stranger’s burst', fresh, busy(NOW, 10 * MINUTE, 4)],
  ])('%s does not', (_what, state, calls) => {
    expect(trips(run(state(), calls))).toEqual([]);
  });
});

describe('a nightly job', () => {
  const job = (day: number, times: number, hour = 2) => busy(START + day * DAY + hour * HOUR, 20 * MINUTE, times, day);
  const history = Array.from({ length: 14 }, (_, day) => [
    ...job(day, 20),
    ...helper(1, day + 1, START + day * DAY),
  ]).flat();
  // Nobody is woken while it is learnt.
  const known = run(fresh(), history, how({ anomaly: false })).state;

  it('that comes each night trips nobody, half an hour later or not', () => {
    expect(trips(run(known, job(14, 20)))).toEqual([]);
    expect(trips(run(known, job(14, 20, 2.5)))).toEqual([]);
  });

  it('that grows beyond itself trips', () => {
    expect(firstTrip(run(known, job(14, 120)), START + 14 * DAY + 2 * HOUR)?.[0]).toBeLessThan(120);
  });

  it('at any other time is none', () => {
    expect(firstTrip(run(known, job(14, 20, 11)), START + 14 * DAY + 11 * HOUR)?.[0]).toBeLessThan(300);
  });
});

describe('a trip that goes on', () => {
  const long = loop(NOW, 90 * MINUTE, 5);
  const steady = trips(run(learnt(), long));

  it('is told once, and again when it has grown a great deal, and each time by more', () => {
    expect(steady.length).toBeLessThan(6);
    const more = run(run(learnt(), long).state, loop(NOW + 90 * MINUTE, 10 * MINUTE, 100));
    expect(trips(more).length).toBeGreaterThan(0);
    const ratios = [...steady, ...trips(more)].map(({ observed, limit }) => observed / limit);
    ratios.slice(1).forEach((ratio, i) => expect(ratio).toBeGreaterThan((ratios[i] as number) * 1.5));
  });

  it('is told anew when it comes back after it was over, by what it spends then', () => {
    const over = run(learnt(), loop(NOW, 5 * MINUTE, 5)).state;
    const calm = run(over, busy(NOW + 10 * MINUTE, 5 * MINUTE, 1)).state;
    expect(trips(run(calm, loop(NOW + 15 * MINUTE, 2 * MINUTE, 5)))).toEqual([]);
    const again = NOW + 5 * MINUTE + tuning.calmSeconds + 10 * MINUTE;
    const back = trips(run(calm, loop(again, 5 * MINUTE, 5)));
    expect(back[0]?.since).toBeGreaterThanOrEqual(again * 1000);
    expect((back[0]?.at ?? 0) / 1000 - again).toBeLessThanOrEqual(90);
  });

  it('teaches nothing, until it has gone on for hours: then it is how things are', () => {
    const still = (hours: number) => run(learnt(), loop(NOW, hours * HOUR, 5)).state;
    expect(still(2).hours.filter(({ hour }) => hour >= NOW / HOUR)).toEqual([]);
    const accepted = run(still(30), [call(NOW + 31 * HOUR, 6_000, 400)]).state;
    expect(accepted.hours.filter(({ hour }) => hour >= NOW / HOUR).length).toBeGreaterThan(10);
  });
});

describe('a warning', () => {
  const nearly = busy(NOW, 2 * MINUTE, 4);

  it('comes before a trip, says how near it is, and comes once', () => {
    const { signals, state } = run(learnt(), nearly);
    expect(signals.map(({ level }) => level)).toEqual(['warn']);
    expect(signals[0]?.limit).toBeGreaterThan(0);
    expect(run(state, busy(NOW + HOUR, 2 * MINUTE, 4)).signals).toEqual([]);
  });

  it('is told again hours later', () => {
    const { state } = run(learnt(), nearly);
    expect(run(state, busy(NOW + 7 * HOUR, 2 * MINUTE, 4)).signals.map(({ level }) => level)).toContain('warn');
  });

  it('is none while a trip goes on', () => {
    const { state } = run(learnt(), loop(NOW, 3 * MINUTE, 10));
    expect(run(state, busy(NOW + 4 * MINUTE, 2 * MINUTE, 4)).signals.filter(({ level }) => level === 'warn')).toEqual(
      [],
    );
  });
});

describe('ceilings', () => {
  it.each([true, false])('hold from the very first sample, anomaly %p', (anomaly) => {
    const first = run(fresh(), [call(NOW, 1_000_000, 0)], how({ anomaly, ceilings: [ceiling(60, 2.9)] }));
    expect(trips(first)).toEqual([
      expect.objectContaining({
        ...{ rule: 'ceiling', windowSeconds: 60, limit: 2.9, usual: 0, at: NOW * 1000, unit: 'usd' },
        observed: expect.closeTo(3),
      }),
    ]);
  });

  it('are exceeded by more than they allow, not by as much', () => {
    const dollars = Array.from({ length: 10 }, (_, i) => ({
      at: NOW + i * 600,
      usd: 1,
      prompt: 1_000 + i,
      completion: 9,
    }));
    const watched = how({ anomaly: false, ceilings: [ceiling(86_400, 7)] });
    expect(firstTrip(run(fresh(), dollars, watched), NOW)).toEqual([7 * 600, 'ceiling']);
  });

  it('the one that is exceeded by most is told', () => {
    const watched = how({ anomaly: false, ceilings: [ceiling(60, 2), ceiling(3_600, 0.5), ceiling(86_400, 1)] });
    expect(trips(run(fresh(), [call(NOW, 1_000_000, 0)], watched))[0]).toMatchObject({ windowSeconds: 3_600 });
  });

  it('come before what is learnt', () => {
    const watched = how({ ceilings: [ceiling(60, 0.1)] });
    expect(trips(run(learnt(), loop(NOW, 600, 20), watched))[0]?.rule).toBe('ceiling');
  });

  it('are told though a trip goes on that was learnt, once', () => {
    const watched = how({ ceilings: [ceiling(60, 2)] });
    const told = trips(
      run(learnt(), [...loop(NOW, 5 * MINUTE, 10), ...loop(NOW + 5 * MINUTE, 10 * MINUTE, 16)], watched),
    );
    expect(told[0]?.rule).not.toBe('ceiling');
    expect(told.filter(({ rule }) => rule === 'ceiling')).toHaveLength(1);
    expect(told.find(({ rule }) => rule === 'ceiling')).toMatchObject({ limit: 2 });
  });

  it('of tokens are of tokens', () => {
    const tokens: Ceiling = { unit: 'tokens', windowSeconds: 60, limit: 50_000 };
    const watched = { anomaly: false, ceilings: [tokens, ceiling(60, 1e9)] };
    const calls = loop(NOW, 60, 3, 9_000, 400);
    expect(trips(run(fresh(), calls, how(watched)))).toEqual([]);
    expect(trips(run(fresh(), calls, how({ ...watched, unit: 'tokens' })))[0]).toMatchObject({
      ...{ rule: 'ceiling', unit: 'tokens', windowSeconds: 60, limit: 50_000 },
      observed: 2 * 3 * 9_400,
    });
  });
});

describe('the daily budget', () => {
  const watched = how({ anomaly: false, dailyBudgetUsd: 10 });

  it('trips when a share of it is gone in a short time', () => {
    const trip = trips(run(fresh(), loop(NOW, 600, 40), watched))[0];
    expect(trip).toMatchObject({ rule: 'budget', windowSeconds: 60, limit: expect.closeTo(3) });
  });

  it('not for a single call, whatever it costs', () => {
    expect(trips(run(fresh(), [call(NOW, 2_000_000, 0)], watched))).toEqual([]);
    expect(trips(run(fresh(), [call(NOW, 2_000_000, 0), call(NOW + 10, 50_000, 0)], watched))).toEqual([]);
  });

  it('counts longer windows, too', () => {
    const slowly = Array.from({ length: 300 }, (_, i) => call(NOW + 60 * (i + 1), 40_000, 100));
    expect(trips(run(fresh(), slowly, watched))[0]).toMatchObject({ rule: 'budget', windowSeconds: 21_600 });
  });
});

describe('without anomaly', () => {
  it('nothing but ceilings and budgets is told, and it is learnt all the same', () => {
    const off = run(learnt(), loop(NOW, 600, 50), how({ anomaly: false }));
    expect(off.signals).toEqual([]);
    const quiet = run(fresh(), helper(14), how({ anomaly: false })).state;
    expect(firstTrip(run(quiet, loop(NOW, 600, 20)), NOW)?.[0]).toBeLessThan(90);
  });
});

describe('what came over a gap', () => {
  const gap = (seconds: number, usd: number): Call => ({
    ...{ at: NOW + seconds, from: NOW, usd, prompt: usd * 2e5, completion: usd * 2e4 },
  });

  it('is spread over it: what would be a runaway in ten seconds is ordinary in two hours', () => {
    const before = run(learnt(), busy(NOW - 60, 60, 1)).state;
    expect(trips(run(before, [gap(2 * HOUR, 4), ...busy(NOW + 2 * HOUR, 300, 1)]))).toEqual([]);
    const looks = Array.from({ length: 6 }, (_, i) => ({ ...gap(10 * (i + 1), 4 / 6), from: NOW + 10 * i }));
    expect(trips(run(before, looks)).length).toBeGreaterThan(0);
  });

  it('of days is not pressed into the hours that are kept', () => {
    const weekend = gap(3 * DAY, 60);
    expect(trips(run(learnt(), [weekend, ...busy(NOW + 3 * DAY, 300, 1)]))).toEqual([]);
    const { spending } = run(learnt(), [weekend]).state;
    const kept = spending.minutes.slice(0, 364).reduce((a, b) => a + b);
    expect(kept).toBeLessThan((60 * 6.2) / 72);
    expect(kept).toBeGreaterThan((60 * 5.8) / 72);
  });

  it('and is a runaway trips all the same', () => {
    expect(trips(run(learnt(), [gap(600, 60)])).length).toBe(1);
  });
});

describe('tokens of a model that costs nothing', () => {
  const free = (calls: readonly Call[]): Call[] => calls.map((one) => ({ ...one, usd: 0, model: 'llama' }));
  const tokens = how({ unit: 'tokens' });
  const known = run(fresh(), free([...helper(14)]), tokens).state;

  it('are watched like money, and told in tokens', () => {
    const ran = run(known, free(loop(NOW, 600, 20)), tokens);
    expect(firstTrip(ran, NOW)?.[0]).toBeLessThan(90);
    const [trip] = trips(ran);
    expect(trip?.unit).toBe('tokens');
    const seconds = (trip?.at ?? 0) / 1000 - NOW;
    expect(trip?.observed).toBeCloseTo((Math.min(seconds, trip?.windowSeconds ?? 0) / 10) * 20 * 6_400, -2);
    expect(trip?.beyondUsual).toBeGreaterThan(100_000);
    expect(trips(run(known, free(busy(NOW, 120, 2)), tokens))).toEqual([]);
  });

  it('are nothing to the money, nor is money to them', () => {
    expect(run(learnt(), free(loop(NOW, 600, 50))).signals).toEqual([]);
    expect(run(known, loop(NOW, 600, 50), tokens).signals).toEqual([]);
  });
});

describe('a key that was away', () => {
  it('for a week is known as before', () => {
    const later = NOW + 7 * DAY;
    expect(trips(run(learnt(), busy(later, 10 * MINUTE, 1)))).toEqual([]);
    expect(firstTrip(run(learnt(), loop(later, 600, 20)), later)?.[0]).toBeLessThan(90);
  });

  it('for longer than anything is remembered is a stranger', () => {
    const later = NOW + 16 * DAY;
    expect(trips(run(learnt(), [...busy(later, 10 * MINUTE, 4), ...busy(later + 2 * HOUR, 10 * MINUTE, 4)]))).toEqual(
      [],
    );
    expect(firstTrip(run(learnt(), loop(later, 600, 20)), later)?.[1]).toBe('cold-start');
  });
});

it('looks that are five seconds apart see the same as those that are ten', () => {
  const halves = (calls: readonly Call[]) =>
    calls.flatMap((one): Call[] => {
      const half = { usd: one.usd / 2, prompt: one.prompt / 2, completion: one.completion / 2 };
      return [
        { ...half, at: one.at - 5, from: one.at - 10 },
        { ...half, at: one.at, from: one.at - 5 },
      ];
    });
  const ten = firstTrip(run(learnt(), loop(NOW, 600, 10)), NOW)?.[0] ?? 0;
  const five = firstTrip(run(learnt(), halves(loop(NOW, 600, 10))), NOW)?.[0] ?? 0;
  expect(five).toBeLessThanOrEqual(ten);
  expect(five).toBeGreaterThanOrEqual(ten - 10);
  expect(trips(run(learnt(), halves(busy(NOW, 2 * MINUTE, 2))))).toEqual([]);
});

it('thousands of models are watched together', () => {
  const calls = loop(NOW, 600, 20).map((one, i) => ({ ...one, model: `model-${i}` }));
  expect(firstTrip(run(learnt(), calls), NOW)?.[0]).toBeLessThan(90);
});
