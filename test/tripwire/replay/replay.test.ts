import fc from 'fast-check';
import type { Increment } from '../../../src/tripwire/reading';
import { type ReplayOptions, replay } from '../../../src/tripwire/replay/replay';
import { nameOf } from '../../../src/tripwire/replay/trip';
import { type Watched, watchedBy } from '../../../src/tripwire/replay/watched';
import type { SubjectSettings } from '../../../src/tripwire/settings';
import type { Signal } from '../../../src/tripwire/signal';

const T = 1_700_000_000;
const ceiling: SubjectSettings = {
  ...{ profile: 'agent', anomaly: false },
  ceilings: [{ unit: 'usd', windowSeconds: 60, limit: 5 }],
};

async function* pieces(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function run(text: string, options: Partial<ReplayOptions & Watched> & { size?: number; isCut?: boolean } = {}) {
  const settingsOf: Watched['settingsOf'] = ({ kind }) => (kind === 'key' ? ceiling : { ...ceiling, ceilings: [] });
  const signals: Signal[] = [];
  const increments: Increment[] = [];
  const faults: number[] = [];
  const done = await replay({
    source: { chunks: pieces(text, options.size ?? 64), cutShort: () => options.isCut ?? false },
    watched: { ...watchedBy(undefined, new Map()), settingsOf, ...options },
    onSignal: (signal) => signals.push(signal),
    onFault: (_, line) => faults.push(line),
    onIncrement: (increment) => increments.push(increment),
    ...options,
  });
  return { done, signals, increments, faults };
}

const row = (ts: number, spend: number, key = 'k', more = ''): string =>
  `${T + ts},${key},m,${spend},${spend * 100},0${more}\n`;

it('trips where the live watch would, at the time of the recording', async () => {
  const { done, signals, increments } = await run(row(0, 1) + row(10, 2) + row(20, 9) + row(30, 9));
  expect(signals).toMatchObject([
    { level: 'trip', rule: 'ceiling', subject: { kind: 'key', id: 'k' }, at: (T + 20) * 1000 },
  ]);
  expect(increments.map(({ spendUsd }) => spendUsd)).toEqual([1, 7]);
  expect(done).toEqual({
    ...{ rows: 4, late: 0, unwatched: 0, keys: 1, spentUsd: 8, tokens: 800 },
    span: { from: T * 1000, to: (T + 30) * 1000 },
  });
});

it('late and double rows are counted, and nothing more', async () => {
  const { done, signals } = await run(
    row(0, 1) + row(10, 2) + row(20, 3) + row(10, 2) + row(20, 3) + row(15, 2.5) + row(30, 4),
  );
  expect([done.rows, done.late, done.spentUsd, signals]).toEqual([7, 3, 3, []]);
});

it('rows of two proxies at the same time are none of them late', async () => {
  const header = 'ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total,source\n';
  const text = [0, 10, 20].map((ts) => row(ts, ts / 10, 'k', ',a') + row(ts, 50 + ts / 10, 'k', ',b')).join('');
  const { done, signals } = await run(header + text);
  expect([done.rows, done.late, done.spentUsd, signals]).toEqual([6, 0, 4, []]);
});

it('teams are watched where the recording says whose the key is', async () => {
  const header = 'ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total,team\n';
  const text = [0, 10, 20].map((ts) => row(ts, ts / 7, 'a', ',red') + row(ts, ts / 7, 'b', ',red')).join('');
  const { signals } = await run(header + text, {
    settingsOf: ({ kind }) => (kind === 'team' ? ceiling : { ...ceiling, ceilings: [] }),
  });
  expect(signals.map(({ subject, at }) => [nameOf(subject), at / 1000 - T])).toEqual([['team:red', 20]]);
});

it('keys that are not watched are counted as rows, and as nothing else', async () => {
  const text = row(0, 1) + row(0, 1, 'l') + row(10, 99) + row(10, 2, 'l');
  const { done, signals } = await run(text, { isWatched: (key) => key === 'l' });
  expect(done).toMatchObject({ rows: 4, unwatched: 2, keys: 1, spentUsd: 1 });
  expect(signals).toEqual([]);
});

it('what shows first after a look that showed nothing is spend', async () => {
  const first = row(10, 2);
  expect((await run(row(0, 1, 'other') + first)).done.spentUsd).toBe(0);
  expect((await run(`${T},,,0,0,0\n${first}`)).done).toMatchObject({ rows: 1, keys: 1, spentUsd: 0 });
  const header = 'ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total,source,process,counting_since\n';
  const looks = `${T},,,0,0,0,s,p,\n${row(10, 2, 'k', `,s,p,${T - 9}`)}`;
  expect((await run(header + looks)).done.spentUsd).toBe(2);
});

it('half a row at the end of a file that was cut off is not taken for a whole one', async () => {
  const text = `${row(0, 1) + row(10, 2)}${T + 20},k,m,3,300,12`;
  expect((await run(text, { isCut: true })).done).toMatchObject({ rows: 2, spentUsd: 1 });
  expect((await run(text)).done.rows).toBe(3);
});

it('nothing is nothing', async () => {
  expect((await run('')).done).toEqual({
    rows: 0,
    late: 0,
    unwatched: 0,
    keys: 0,
    span: undefined,
    spentUsd: 0,
    tokens: 0,
  });
});

it('wherever the chunks end, the signals are the same', async () => {
  const text = `${Array.from({ length: 40 }, (_, i) => row(i * 10, i % 7 === 6 ? i * 9 : i, i % 3 ? 'k' : 'l')).join('')}bad\n`;
  const whole = await run(text, { size: 1e6 });
  expect(whole.signals.length).toBeGreaterThan(0);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 200 }), async (size) => {
      expect(await run(text, { size })).toEqual(whole);
    }),
    { numRuns: 40 },
  );
});
