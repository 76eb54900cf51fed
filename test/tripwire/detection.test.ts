import { Detection, WHOLE } from '../../src/tripwire/detection';
import type { Reading } from '../../src/tripwire/reading';
import type { SubjectSettings } from '../../src/tripwire/settings';
import type { Signal, Subject } from '../../src/tripwire/signal';
import { HOUR, MINUTE, START } from './detect/traffic';

const FIRST = START + 10 * HOUR;
const usd = (windowSeconds: number, limit: number) => ({ unit: 'usd' as const, windowSeconds, limit });
const tokens = (windowSeconds: number, limit: number) => ({ unit: 'tokens' as const, windowSeconds, limit });
const watched = (more: Partial<SubjectSettings> = {}): SubjectSettings => ({
  ...{ profile: 'agent', ceilings: [], anomaly: false },
  ...more,
});
const by = (settings: Readonly<Record<string, SubjectSettings>>) => (subject: Subject) =>
  settings[subject.kind === 'whole' ? '*' : subject.id] ?? watched();

/** Totals of a key and a model. @param at seconds after FIRST. */
const reading = (at: number, key: string, total: number, more: Partial<Reading> = {}): Reading => ({
  ...{ at: (FIRST + at) * 1000, key, model: 'sonnet', source: 'litellm', process: 'p' },
  ...{ spendUsd: total, promptTokens: total * 200_000, completionTokens: total * 20_000 },
  ...more,
});
const brief = ({ level, subject, rule, at }: Signal) =>
  `${level} ${subject.kind} ${subject.id} ${rule} ${at / 1000 - FIRST}`;
const take = (detection: Detection, ...readings: Reading[]) =>
  readings.flatMap((one) => detection.take(one).map(brief));

describe('what was spent before anybody looked', () => {
  it('is nobody’s', () => {
    const detection = new Detection({ settingsOf: by({ a: watched({ ceilings: [usd(86_400, 5)] }) }) });
    expect(take(detection, reading(0, 'a', 5_000), reading(10, 'a', 5_004))).toEqual([]);
    expect(take(detection, reading(20, 'a', 5_006))).toEqual(['trip key a ceiling 20']);
  });
});

describe('what was spent while nobody looked', () => {
  const settings = watched({ ceilings: [usd(60, 5), usd(3_600, 40)] });
  const began = () => {
    const detection = new Detection({ settingsOf: () => settings });
    take(detection, reading(0, 'a', 100), reading(10, 'a', 100.1));
    return detection;
  };

  it('an hour’s ordinary spend is not one minute’s, whether this program or the proxy was away', () => {
    const here = began();
    const away = new Detection({ settingsOf: () => settings });
    expect(away.load(JSON.parse(JSON.stringify(here.save())))).toBe(true);
    for (const detection of [here, away]) {
      expect(take(detection, reading(HOUR, 'a', 112), reading(HOUR + 10, 'a', 112.2))).toEqual([]);
      const { minute, hour } = detection.outlook({ kind: 'key', id: 'a' }, (FIRST + HOUR + 10) * 1000)?.spent ?? {};
      expect(minute?.usd).toBeLessThan(0.5);
      expect(hour?.usd).toBeGreaterThan(11);
    }
  });

  it('counts in full for the windows that it lies in', () => {
    expect(take(began(), reading(30 * MINUTE, 'a', 141))).toEqual([
      'trip key a ceiling 1800',
      'trip whole * ceiling 1800',
    ]);
    expect(take(began(), reading(80, 'a', 107))).toEqual(['trip key a ceiling 80', 'trip whole * ceiling 80']);
  });
});

describe('keys, teams, and all together', () => {
  const teams: Readonly<Record<string, string>> = { a: 'research', b: 'research' };
  const made = () =>
    new Detection({
      settingsOf: by({
        a: watched({ ceilings: [usd(60, 4)] }),
        research: watched({ ceilings: [usd(60, 6)] }),
        '*': watched({ ceilings: [usd(60, 9)] }),
      }),
      teamOf: (key) => teams[key],
    });

  it('each by its own settings, upon what its own keys spent', () => {
    const detection = made();
    take(detection, ...['a', 'b', 'c'].map((key) => reading(0, key, 10)));
    expect(take(detection, reading(10, 'a', 13.9), reading(10, 'c', 13.9))).toEqual([]);
    expect(take(detection, reading(20, 'b', 12))).toEqual(['trip whole * ceiling 20']);
    expect(take(detection, reading(30, 'b', 12.2))).toEqual(['trip team research ceiling 30']);
    expect(take(detection, reading(40, 'a', 14.2))).toEqual(['trip key a ceiling 40']);
    expect(detection.all()).toEqual([
      { kind: 'key', id: 'a' },
      { kind: 'team', id: 'research' },
      WHOLE,
      { kind: 'key', id: 'c' },
      { kind: 'key', id: 'b' },
    ]);
  });

  it('a key’s models and proxies count together', () => {
    const detection = made();
    const own = (at: number, totals: readonly number[]) =>
      totals.map((total, i) => reading(at, 'a', total, i < 2 ? { model: `m${i}` } : { source: 'west' }));
    take(detection, ...own(0, [10, 20, 30]));
    expect(take(detection, ...own(10, [11, 21.5, 31.6]))).toEqual(['trip key a ceiling 10']);
  });

  it('a restore of one arms it again, and leaves the others as they are', () => {
    const detection = made();
    take(detection, reading(0, 'a', 10), reading(10, 'a', 15), reading(20, 'a', 15.5));
    detection.rearm({ kind: 'key', id: 'a' }, (FIRST + 25) * 1000);
    expect(take(detection, reading(30, 'a', 19))).toEqual(['trip team research ceiling 30']);
    expect(take(detection, reading(40, 'a', 20))).toEqual(['trip key a ceiling 40', 'trip whole * ceiling 40']);
    detection.rearm({ kind: 'key', id: 'nobody' }, FIRST * 1000);
  });
});

describe('calls that look alike', () => {
  const AGENTS = 10;
  const counters = new Map<string, Reading>();
  const spend = (at: number, i: number, prompt: number, completion: number): Reading => {
    const key = `agent-${i}`;
    const before = counters.get(key) ?? reading(at, key, 0);
    const after = {
      ...{ ...before, at: (FIRST + at) * 1000, spendUsd: before.spendUsd + prompt * 3e-6 + completion * 15e-6 },
      ...{ promptTokens: before.promptTokens + prompt, completionTokens: before.completionTokens + completion },
    };
    counters.set(key, after);
    return after;
  };
  /** In the first two minutes of an hour each agent calls twice. */
  const hour = (n: number, sizeOf: (i: number) => readonly [prompt: number, completion: number]) =>
    Array.from({ length: 2 * AGENTS }, (_, call) => {
      const i = call % AGENTS;
      return spend(n * HOUR + 6 * call, i, ...sizeOf(i));
    });

  it('but are of several keys are no loop of all of them together', () => {
    const learning = new Detection({ settingsOf: () => watched({ anomaly: true }) });
    const days = Array.from({ length: 72 }, (_, n) => hour(n, (i) => [9_001 + 4_001 * i, 2_003 - 199 * i])).flat();
    expect(take(learning, ...days)).toEqual([]);
    expect(take(learning, ...hour(72, (i) => [20_011 + i, 1_009]))).toEqual([]);
  });

  it('and are of one key are, for the key and for all', () => {
    const learning = new Detection({ settingsOf: () => watched({ anomaly: true }) });
    const days = Array.from({ length: 72 }, (_, n) => hour(n, (i) => [9_001 + 4_001 * i, 2_003 - 199 * i])).flat();
    take(learning, ...days);
    const loop = Array.from({ length: 40 }, (_, n) => spend(72 * HOUR + 6 * n, 0, 20_011, 1_009));
    expect(take(learning, ...loop).map((line) => line.split(' ').slice(0, 4).join(' '))).toEqual(
      expect.arrayContaining(['trip key agent-0 loop', 'trip whole * loop']),
    );
  });
});

describe('tokens', () => {
  const free = (at: number, total: number, model = 'llama') =>
    reading(at, 'a', 0, { promptTokens: total * 0.9, completionTokens: total * 0.1, model });

  it('of a model that costs nothing are watched where money is not', () => {
    const detection = new Detection({ settingsOf: by({ a: watched({ anomaly: true }) }) });
    take(detection, free(0, 1e6));
    const signals = Array.from({ length: 30 }, (_, i) =>
      detection.take(free(10 * (i + 1), 1e6 + 400_000 * (i + 1))),
    ).flat();
    expect(signals[0]).toMatchObject({ level: 'trip', unit: 'tokens', rule: 'cold-start', windowSeconds: 60 });
    expect(signals[0]?.observed).toBeCloseTo((400_000 * ((signals[0]?.at ?? 0) / 1000 - FIRST)) / 10);
  });

  it('a ceiling counts those of all models, whatever they cost', () => {
    const settings = watched({ ceilings: [tokens(60, 1e6), usd(60, 1e6)] });
    const detection = new Detection({ settingsOf: by({ a: settings }) });
    take(detection, free(0, 1e6), reading(0, 'a', 10));
    expect(take(detection, free(10, 1.5e6), reading(10, 'a', 12))).toEqual([]);
    expect(take(detection, reading(20, 'a', 12.5))).toEqual(['trip key a ceiling 20']);
  });

  it.each([
    ['next to nothing', 1e-12],
    ['nothing', 0],
  ])('a price of %s is none: its tokens are watched', (_what, price) => {
    const detection = new Detection({ settingsOf: by({ a: watched({ anomaly: true }) }) });
    const cheap = (at: number, total: number) =>
      reading(at, 'a', total * price, { promptTokens: total, completionTokens: total / 10 });
    take(detection, cheap(0, 1e6));
    const signals = Array.from({ length: 30 }, (_, i) => detection.take(cheap(10 * (i + 1), 1e6 + 400_000 * (i + 1))));
    expect(signals.flat()[0]).toMatchObject({ level: 'trip', unit: 'tokens' });
  });

  it('an image that costs money and no token is money', () => {
    const detection = new Detection({ settingsOf: by({ a: watched({ ceilings: [usd(60, 2)] }) }) });
    const image = (at: number, total: number) =>
      reading(at, 'a', total, { promptTokens: 0, completionTokens: 0, model: 'image' });
    expect(take(detection, image(0, 5), image(10, 6.5), image(20, 7.5))).toEqual(['trip key a ceiling 20']);
  });
});

describe('more keys than there is room for', () => {
  const settingsOf = () => watched({ ceilings: [usd(60, 5)] });

  it('are told, and count for the whole', () => {
    const detection = new Detection({ settingsOf, capacity: 3 });
    const keys = ['a', 'b', 'c', 'd'];
    take(detection, ...keys.map((key) => reading(0, key, 1)), ...keys.map((key) => reading(10, key, 1.1)));
    expect(detection.all().map(({ id }) => id)).toEqual(['a', '*', 'b']);
    expect(detection.refused).toBe(2);
    expect(take(detection, reading(20, 'd', 7))).toEqual(['trip whole * ceiling 20']);
    expect(detection.refused).toBe(3);
  });

  it('find it once the others have spent nothing for weeks', () => {
    const detection = new Detection({ settingsOf, capacity: 3 });
    take(detection, reading(0, 'a', 1), reading(0, 'b', 1), reading(0, 'c', 1));
    take(detection, reading(10, 'a', 2), reading(10, 'b', 2));
    const later = 15 * 24 * HOUR;
    take(detection, reading(later, 'a', 2.1), reading(later + 10, 'c', 7));
    expect(
      detection
        .all()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['*', 'a', 'c']);
    expect(detection.refused).toBe(0);
  });

  it('the whole is always watched', () => {
    const detection = new Detection({ settingsOf, capacity: 0 });
    take(detection, reading(0, 'a', 1));
    expect(take(detection, reading(10, 'a', 9))).toEqual(['trip whole * ceiling 10']);
  });
});

describe('what is kept', () => {
  it('is refused when it is damaged or of another version, and nothing of it stays', () => {
    const detection = new Detection({ settingsOf: () => watched({ anomaly: true, ceilings: [usd(60, 3)] }) });
    take(detection, reading(0, 'a', 1), reading(10, 'a', 2), reading(20, 'b', 2));
    const saved = () => JSON.parse(JSON.stringify(detection.save()));
    const broken = [
      undefined,
      null,
      {},
      { ...saved(), version: 2 },
      { ...saved(), feed: {} },
      {
        ...saved(),
        subjects: [...saved().subjects, { subject: { kind: 'key', id: 'x' }, totals: [], states: { usd: 1 } }],
      },
      { ...saved(), subjects: [...saved().subjects, { subject: { kind: 'key', id: 'x' }, totals: 'x', states: {} }] },
    ];
    for (const one of broken) {
      const other = new Detection({ settingsOf: () => watched() });
      expect(other.load(one)).toBe(false);
      expect(other.all()).toEqual([]);
    }
    const other = new Detection({ settingsOf: () => watched() });
    expect(other.load(saved())).toBe(true);
    expect(other.save()).toEqual(detection.save());
  });

  it('a trip that goes on is told again after a restart, by which it may have come to be acted upon', () => {
    const made = () => new Detection({ settingsOf: () => watched({ ceilings: [usd(3_600, 5)] }) });
    const [before, after] = [made(), made()];
    expect(take(before, reading(0, 'a', 1), reading(10, 'a', 8))).toEqual([
      'trip key a ceiling 10',
      'trip whole * ceiling 10',
    ]);
    expect(take(before, reading(20, 'a', 9))).toEqual([]);
    after.load(JSON.parse(JSON.stringify(before.save())));
    expect(take(after, reading(30, 'a', 10))).toEqual(['trip key a ceiling 30', 'trip whole * ceiling 30']);
    expect(take(after, reading(40, 'a', 11))).toEqual([]);
  });

  it('is watched by the settings of today', () => {
    const before = new Detection({ settingsOf: () => watched({ ceilings: [usd(60, 1e6), usd(3_600, 1e6)] }) });
    take(before, reading(0, 'a', 1), reading(10, 'a', 8));
    const after = new Detection({ settingsOf: by({ a: watched({ ceilings: [usd(3_600, 10)] }) }) });
    after.load(before.save());
    expect(take(after, reading(120, 'a', 10), reading(130, 'a', 12))).toEqual(['trip key a ceiling 130']);
  });
});

it('tells of each increment before it is judged, and of keys that nobody knows nothing', () => {
  const order: string[] = [];
  const detection = new Detection({
    settingsOf: () => watched({ ceilings: [usd(60, 1)] }),
    onIncrement: ({ key, spendUsd }) => order.push(`${key} ${spendUsd}`),
  });
  for (const one of [reading(0, 'a', 1), reading(10, 'a', 3)]) order.push(...detection.take(one).map(brief));
  expect(order).toEqual(['a 2', 'trip key a ceiling 10', 'trip whole * ceiling 10']);
  expect(detection.outlook({ kind: 'key', id: 'b' }, FIRST * 1000)).toBeUndefined();
  expect(detection.refused).toBe(0);
});
