import type { RecordFile } from '../../../../src/tripwire/replay/record/record-file';
import { type RecorderOptions, record } from '../../../../src/tripwire/replay/record/recorder';
import type { Look, Why } from '../../../../src/tripwire/scrape/look';
import type { Source } from '../../../../src/tripwire/scrape/source';

const T = 1_767_571_200_000;

const seen = (n: number): Look => ({
  ...{ source: 's', at: T + n * 5_000, monotonicMs: n, tookMs: 1, ok: true },
  scrape: {
    readings: [
      { at: T + n * 5_000, source: 's', key: 'k', model: 'm', spendUsd: n, promptTokens: n, completionTokens: 0 },
    ],
    keys: new Map([['k', { key: 'k', alias: 'bot', teamId: 'None', budget: {} }]]),
    ...{ teams: new Map(), multiprocess: false, unreadable: 0, samples: 1 },
  },
});
const unseen = (n: number, why: Why): Look => ({
  ...{ source: 's', at: T + n * 5_000, monotonicMs: n, tookMs: 1, ok: false, why, detail: `it says ${why}` },
});

/** Shows these looks one after the other; then its end is the end of all. */
function sourceOf(looks: readonly Look[], end: AbortController): Source & { closed: number } {
  let next = 0;
  return {
    name: 's',
    closed: 0,
    async look() {
      const look = looks[next];
      next += 1;
      if (look) return look;
      end.abort();
      return unseen(next, 'stopped');
    },
    async close() {
      this.closed += 1;
    },
  };
}

function fileOf(fails?: Error): RecordFile & { text: string } {
  return {
    ...{ text: '', found: undefined },
    get size() {
      return this.text.length;
    },
    async append(lines) {
      if (fails) throw fails;
      this.text += lines;
    },
    close: async () => undefined,
  };
}

async function run(looks: readonly Look[], options: Partial<RecorderOptions> = {}) {
  const end = new AbortController();
  const source = sourceOf(looks, end);
  const file = (options.file ?? fileOf()) as ReturnType<typeof fileOf>;
  const told: string[] = [];
  const recording = record({
    ...{ sources: [source], file, everyMs: 1, maxBytes: 1e6, signal: end.signal },
    ...{ monotonic: () => 0, random: () => 0.5, onLook: () => undefined },
    onTrouble: (name, detail) => told.push(`${name}: ${detail}`),
    onSeen: (name) => told.push(`${name} again`),
    ...options,
  });
  return { recorded: await recording.catch((error: unknown) => error), source, file, told };
}

it('writes each look, with what is known of the key; LiteLLM\'s "None" is nothing', async () => {
  const { recorded, file, source } = await run([seen(1), seen(2)]);
  expect(file.text).toBe('1767571205,k,m,1,1,0,s,,,bot,\n1767571210,k,m,2,2,0,s,,,bot,\n');
  expect(recorded).toEqual({ looks: 2, unseen: 0, rows: 2, isFull: false });
  expect(source.closed).toBe(1);
});

it('tells why nothing is seen once for each reason, and when it is over', async () => {
  const { recorded, told } = await run([
    ...[unseen(1, 'no-answer'), unseen(2, 'no-answer'), unseen(3, 'timeout'), seen(4), seen(5), unseen(6, 'timeout')],
  ]);
  expect(told).toEqual(['s: it says no-answer', 's: it says timeout', 's again', 's: it says timeout']);
  expect(recorded).toMatchObject({ looks: 6, unseen: 4, rows: 2 });
});

it('ends when the file is as large as it may become', async () => {
  const { recorded, file } = await run([seen(1), seen(2), seen(3)], { maxBytes: 40 });
  expect(recorded).toMatchObject({ looks: 2, isFull: true });
  expect(file.text.split('\n')).toHaveLength(3);
});

it('ends with the error of the file, and lets go of the proxies', async () => {
  const full = new Error('ENOSPC');
  const { recorded, source } = await run([seen(1), seen(2)], { file: fileOf(full) });
  expect([recorded, source.closed]).toEqual([full, 1]);
});
