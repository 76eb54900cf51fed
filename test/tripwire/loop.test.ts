import pino from 'pino';
import { tripwire } from '../../src/config/tripwire';
import { Budgets } from '../../src/tripwire/budgets';
import { Detection } from '../../src/tripwire/detection';
import { Known } from '../../src/tripwire/known';
import { LookSignals } from '../../src/tripwire/look-signals';
import type { Look } from '../../src/tripwire/scrape/look';
import type { Source } from '../../src/tripwire/scrape/source';
import type { Signal } from '../../src/tripwire/signal';
import { Subjects } from '../../src/tripwire/subjects';
import type { Trips } from '../../src/tripwire/trips';
import { Watch } from '../../src/tripwire/watch';

/** When the loop looks: with sources that say what they are asked, and a clock that the test moves. */

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** A proxy that takes its time, and counts who asks at once. */
class SlowSource implements Source {
  asked: number[] = [];
  atOnce = 0;
  mostAtOnce = 0;
  closed = false;
  constructor(
    readonly name: string,
    private readonly ms: number,
  ) {}

  async look(signal: AbortSignal): Promise<Look> {
    this.asked.push(Date.now());
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, this.ms);
      signal.addEventListener('abort', done);
    });
    this.atOnce -= 1;
    const moment = { at: Date.now(), monotonicMs: Date.now() };
    return { ...moment, source: this.name, tookMs: this.ms, ok: false, why: 'stopped', detail: 'not asked for' };
  }
  async close(): Promise<void> {
    this.closed = true;
  }
}

const TOKENS = { promptTokens: 1, completionTokens: 1 };
const CEILING = { unit: 'usd', windowSeconds: 60, limit: 5 } as const;

function start(
  sources: readonly Source[],
  random: () => number,
  take: (signals: readonly Signal[]) => void = () => undefined,
) {
  const config = tripwire.parse({ litellm: [{ url: 'http://litellm.example.org' }] });
  const subjects = new Subjects({ config, defaultScope: 'agent', namesOf: () => undefined });
  const troubles: string[] = [];
  const health = { trouble: (key: string) => void troubles.push(key), cleared: () => undefined };
  const monotonic = () => Date.now();
  const signals = new LookSignals({
    ...{ subjects, known: new Known(), budgets: new Budgets(), ...health, monotonic },
    detection: new Detection({ settingsOf: () => ({ profile: 'agent', ceilings: [CEILING], anomaly: false }) }),
  });
  const watch = new Watch({
    ...{ config, sources, signals, ...health, monotonic, random },
    trips: { take, retry: () => undefined, blind: () => undefined } as unknown as Trips,
    restores: { notice: () => undefined } as never,
    keeper: { saveIfDue: () => undefined } as never,
    latches: () => [],
    ...{ alarm: () => undefined, logger: pino({ level: 'silent' }) },
  });
  watch.start();
  return { watch, troubles };
}

it.each([
  [0, 4.5],
  [0.5, 5],
  [0.999, 5.499],
])('looks every five seconds, give or take a tenth (%f)', async (chance, seconds) => {
  const source = new SlowSource('a', 100);
  const { watch } = start([source], () => chance);
  await jest.advanceTimersByTimeAsync(20_000);
  const [first = 0, second = 0, third = 0] = source.asked;
  expect((second - first) / 1000).toBeCloseTo(seconds, 2);
  expect((third - second) / 1000).toBeCloseTo(seconds, 2);
  await watch.close();
});

it('never asks one twice at once, however slow it is; and a slow one holds up no other', async () => {
  const [slow, quick] = [new SlowSource('slow', 12_000), new SlowSource('quick', 10)];
  const { watch } = start([slow, quick], () => 0.5);
  await jest.advanceTimersByTimeAsync(60_000);
  expect([slow.mostAtOnce, quick.mostAtOnce]).toEqual([1, 1]);
  expect(slow.asked).toHaveLength(5);
  expect(quick.asked).toHaveLength(13);
  await watch.close();
});

it('begins with all of them at once, and ends all of them, without waiting for an answer', async () => {
  const sources = ['a', 'b', 'c'].map((name) => new SlowSource(name, 30_000));
  const { watch } = start(sources, () => 0.5);
  await jest.advanceTimersByTimeAsync(0);
  expect(sources.map(({ asked }) => asked)).toEqual([[Date.now()], [Date.now()], [Date.now()]]);
  await watch.close();
  expect(sources.map(({ closed, atOnce }) => [closed, atOnce])).toEqual(Array(3).fill([true, 0]));
  await jest.advanceTimersByTimeAsync(60_000);
  expect(sources.map(({ asked }) => asked.length)).toEqual([1, 1, 1]);
});

it('what shows for the first time after looks that showed nothing is spend', async () => {
  let usd = 0;
  const source: Source = {
    name: 'a',
    async look() {
      const moment = { at: Date.now(), monotonicMs: Date.now() };
      const reading = {
        ...{ at: moment.at, source: 'a', process: 'p', key: 'k', model: 'm', spendUsd: usd },
        ...TOKENS,
      };
      const scrape = {
        ...{ readings: usd > 0 ? [reading] : [], keys: new Map(), teams: new Map(), process: 'p' },
        ...{ multiprocess: false, unreadable: 0, samples: 1 },
      };
      return { ...moment, source: 'a', tookMs: 1, ok: true, scrape };
    },
    close: async () => undefined,
  };
  const rules: string[] = [];
  const { watch } = start(
    [source],
    () => 0.5,
    (signals) => void rules.push(...signals.map(({ rule }) => rule)),
  );
  await jest.advanceTimersByTimeAsync(20_000);
  usd = 6;
  await jest.advanceTimersByTimeAsync(5_000);
  expect(rules).toEqual(['ceiling', 'ceiling']);
  await watch.close();
});

it('goes on after a fault of its own, aloud', async () => {
  let asked = 0;
  const source: Source = {
    name: 'a',
    async look() {
      asked += 1;
      const moment = { at: Date.now(), monotonicMs: Date.now() };
      return { ...moment, source: 'a', tookMs: 1, ok: true, scrape: {} as never };
    },
    close: async () => undefined,
  };
  const { watch, troubles } = start([source], () => 0.5);
  await jest.advanceTimersByTimeAsync(20_000);
  expect(troubles).toContain('tripwire itself');
  expect(asked).toBeGreaterThan(3);
  await watch.close();
});
