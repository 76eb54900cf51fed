/**
 * How a call looks like those before it: the same price of the token and the same ratio of prompt to answer, of
 * the same model, several times within a short time. A loop sends the same thing again and again; people don't.
 */

export type Likeness = 'none' | 'alike' | 'same';

export interface LikenessOptions {
  /** How far two logarithms of the price of a token may lie apart, and two of prompt to answer. */
  readonly price: number;
  readonly ratio: number;
  /** So many of the calls before have to look like it. */
  readonly least: number;
  readonly withinSeconds: number;
}

const CALLS_KEPT = 6;
/** In a sum over keys, each key has its own. */
const MODELS_KEPT = 64;

interface Call {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly price: number;
  readonly ratio: number;
  readonly promptTokens: number;
}

/** The newest calls of the newest models, oldest first. */
export type Calls = Map<string, readonly Call[]>;

/** Keeps the call. */
export function likenessOf(
  calls: Calls,
  call: { at: number; model: string; spend: number; promptTokens: number; completionTokens: number },
  options: LikenessOptions,
): Likeness {
  const { at, model, spend, promptTokens, completionTokens } = call;
  const tokens = promptTokens + completionTokens;
  if (tokens <= 0) return 'none';
  const price = spend > 0 ? Math.log(spend / tokens) : 0;
  const ratio = Math.log((promptTokens + 10) / (completionTokens + 10));
  const before = calls.get(model) ?? [];
  const recent = before.filter((one) => at - one.at < options.withinSeconds);
  let alike = 0;
  for (const one of recent)
    if (Math.abs(one.price - price) < options.price && Math.abs(one.ratio - ratio) < options.ratio) alike++;
  // Deleted first, so that the model used longest ago stands in front.
  calls.delete(model);
  if (calls.size >= MODELS_KEPT) calls.delete(calls.keys().next().value as string);
  calls.set(model, [...before.slice(-(CALLS_KEPT - 1)), { at, price, ratio, promptTokens }]);
  if (isSamePrompt(recent, promptTokens)) return 'same';
  return alike >= options.least ? 'alike' : 'none';
}

/** No prompt of ordinary length is shorter. */
const SHORTEST_PROMPT = 1_000;
const SAME_CALLS = 3;

/**
 * What came between two looks is one or several calls. When three such sums in a row are whole multiples of one number,
 * it is the very same prompt: three numbers by chance have such a divisor once in a million times.
 */
function isSamePrompt(before: readonly Call[], promptTokens: number): boolean {
  if (before.length < SAME_CALLS - 1 || promptTokens < SHORTEST_PROMPT) return false;
  let divisor = promptTokens;
  // Nothing is a multiple of everything.
  for (const one of before.slice(1 - SAME_CALLS)) {
    // Nothing is a multiple of everything.
    if (one.promptTokens === 0) return false;
    divisor = greatestCommonDivisor(divisor, one.promptTokens);
  }
  return divisor >= SHORTEST_PROMPT;
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}
