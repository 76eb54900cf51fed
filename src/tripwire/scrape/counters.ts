import type { Usage } from '../reading';
import type { Sample } from './exposition';
import { NONE } from './look';
import { COUNTERS, type Quantity } from './names';
import { own } from './own';

/** More keys and models than anybody can have. */
export class TooMany extends Error {}

/** Adds up spend and tokens, key by key and model by model, over all other labels. */
export interface Counters {
  /** @throws TooMany */
  take(sample: Sample): void;
  usages(): Iterable<Usage & { readonly key: string; readonly model: string }>;
}

/** By the metric's name: what several names count alike is told apart until the end. */
type Sums = Map<string, number>;

export const isCounter = (name: string): boolean => ALL.has(name);
const ALL: ReadonlySet<string> = new Set(Object.values(COUNTERS).flat());

export function createCounters(maxPairs: number): Counters {
  const keys = new Map<string, Map<string, Sums>>();
  let pairs = 0;

  return {
    take({ name, labels, value }) {
      const key = labels.get('hashed_api_key') || NONE;
      const model = labels.get('model') || NONE;
      const models = keys.get(key) ?? new Map<string, Sums>();
      keys.set(key, models);
      let sums = models.get(model);
      if (sums === undefined) {
        pairs += 1;
        if (pairs > maxPairs) throw new TooMany(`more than ${maxPairs} keys and models`);
        sums = new Map();
        models.set(model, sums);
      }
      sums.set(name, (sums.get(name) ?? 0) + value);
    },
    *usages() {
      for (const [name, models] of keys) {
        const key = own(name);
        const has = (quantity: Quantity): boolean =>
          [...models.values()].some((sums) => sumOf(sums, quantity) !== undefined);
        const split = { prompt: has('promptTokens'), completion: has('completionTokens') };
        for (const [model, sums] of models) {
          const spendUsd = sumOf(sums, 'spendUsd') ?? 0;
          yield { key, model: own(model), spendUsd, ...tokensOf(sums, split) };
        }
      }
    },
  };
}

const sumOf = (sums: Sums, quantity: Quantity): number | undefined => {
  const name = COUNTERS[quantity].find((one) => sums.has(one));
  return name === undefined ? undefined : sums.get(name);
};

/**
 * Prompt and completion tokens, each metric of which may be switched off. One that is missing is the total less the
 * other; where there is the total alone, all of it counts as prompt, so that it is watched, and nothing is made up of
 * how it was divided. `split`: which of them this key has with any model; a total beside both would count them twice.
 */
function tokensOf(
  sums: Sums,
  split: { readonly prompt: boolean; readonly completion: boolean },
): Omit<Usage, 'spendUsd'> {
  const prompt = sumOf(sums, 'promptTokens');
  const completion = sumOf(sums, 'completionTokens');
  const total = sumOf(sums, 'totalTokens');
  const rest = (known: number | undefined): number =>
    known === undefined || total === undefined ? 0 : Math.max(0, total - known);
  if (!split.prompt && !split.completion) return { promptTokens: total ?? 0, completionTokens: 0 };
  return {
    promptTokens: prompt ?? (split.prompt ? 0 : rest(completion)),
    completionTokens: completion ?? (split.completion ? 0 : rest(prompt)),
  };
}
