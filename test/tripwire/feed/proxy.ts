import fc from 'fast-check';
import type { Reading, Usage } from '../../../src/tripwire/reading';

export const AMOUNTS = ['spendUsd', 'promptTokens', 'completionTokens'] as const;
export const START = 1_767_571_200_000;
const NOTHING: Usage = { spendUsd: 0, promptTokens: 0, completionTokens: 0 };

export const usage = (spendUsd: number, promptTokens = spendUsd, completionTokens = spendUsd): Usage => ({
  ...{ spendUsd, promptTokens, completionTokens },
});

export const plus = (a: Usage, b: Usage): Usage =>
  usage(a.spendUsd + b.spendUsd, a.promptTokens + b.promptTokens, a.completionTokens + b.completionTokens);

export const minus = (a: Usage, b: Usage): Usage =>
  usage(a.spendUsd - b.spendUsd, a.promptTokens - b.promptTokens, a.completionTokens - b.completionTokens);

export const total = (all: Iterable<Usage>): Usage => [...all].reduce(plus, NOTHING);

/** What befalls a proxy of several workers. Amounts are whole numbers, so that sums are exact. */
export type Step =
  | { readonly kind: 'spend'; readonly worker: number; readonly amount: Usage }
  | { readonly kind: 'look'; readonly worker: number }
  | { readonly kind: 'restart'; readonly worker: number | 'all' }
  /** The newest look's row comes a second time, or one of before that. */
  | { readonly kind: 'again'; readonly back: number }
  | { readonly kind: 'gap'; readonly ms: number };

export interface Shown {
  readonly reading: Reading;
  /** What the processes had spent when they were last seen, all together: what a watcher can know. */
  readonly seen: Usage;
}

/** A proxy whose workers answer as they are picked, each with counters of its own; and what a watcher gets to see. */
export function show(workers: number, steps: readonly Step[], { named }: { readonly named: boolean }): Shown[] {
  let born = 0;
  const fresh = () => ({ name: `worker-${born++}`, now: NOTHING, seen: NOTHING });
  const all = Array.from({ length: workers }, fresh);
  const dead: Usage[] = [];
  const shown: Shown[] = [];
  let at = START;
  const restart = (worker: number) => {
    dead.push(all[worker % workers]?.seen ?? NOTHING);
    all[worker % workers] = fresh();
  };
  for (const step of steps) {
    const worker = 'worker' in step && step.worker !== 'all' ? all[step.worker % workers] : undefined;
    if (step.kind === 'spend' && worker) worker.now = plus(worker.now, step.amount);
    if (step.kind === 'gap') at += step.ms;
    if (step.kind === 'restart') {
      for (let one = 0; one < workers; one += 1)
        if (step.worker === 'all' || step.worker % workers === one) restart(one);
    }
    const late = step.kind === 'again' ? shown.at(-1 - step.back) : undefined;
    const newest = shown.at(-1);
    if (late && newest) shown.push({ reading: late.reading, seen: newest.seen });
    if (step.kind === 'look' && worker) {
      at += 10_000;
      worker.seen = worker.now;
      const process = named ? { process: worker.name } : {};
      const seen = total([...dead, ...all.map((one) => one.seen)]);
      shown.push({ reading: { at, key: 'agent-1', model: 'gpt-5', ...worker.now, ...process }, seen });
    }
  }
  return shown;
}

const worker = fc.nat({ max: 3 });
const amount = fc.nat({ max: 9 });
const spent = fc.record({ spendUsd: amount, promptTokens: amount, completionTokens: amount });
const spend = fc.record({ kind: fc.constant('spend' as const), worker, amount: spent });
const look = fc.record({ kind: fc.constant('look' as const), worker });
const again = fc.record({ kind: fc.constant('again' as const), back: fc.nat({ max: 3 }) });
const gap = fc.record({ kind: fc.constant('gap' as const), ms: fc.integer({ min: 1_000, max: 5 * 3_600_000 }) });
const restart = fc.record({
  kind: fc.constant('restart' as const),
  worker: fc.oneof(worker, fc.constant('all' as const)),
});

const list = (arbitrary: fc.Arbitrary<Step>) => fc.array(arbitrary, { maxLength: 120, size: 'max' });
const often = [
  { weight: 6, arbitrary: spend },
  { weight: 6, arbitrary: look },
  { weight: 1, arbitrary: again },
  { weight: 1, arbitrary: gap },
] as const;

export const workers = fc.integer({ min: 1, max: 4 });
export const undisturbed = list(fc.oneof(...often));
export const restarting = list(fc.oneof(...often, { weight: 1, arbitrary: restart }));
