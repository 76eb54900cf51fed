/**
 * Whether a call looks like those before it: the same price of the token and the same ratio of prompt to answer, of
 * the same model, several times within a short time. A loop sends the same thing again and again; people don't.
 */

export interface LikenessOptions {
  /** How far two logarithms of the price of a token may lie apart, and two of prompt to answer. */
  readonly price: number;
  readonly ratio: number;
  /** So many of the calls before have to look like it. */
  readonly least: number;
  readonly withinSeconds: number;
}

const CALLS_KEPT = 6;
const MODELS_KEPT = 8;

interface Call {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly price: number;
  readonly ratio: number;
}

/** The newest calls of the newest models, oldest first. */
export type Calls = Map<string, readonly Call[]>;

/** Keeps the call. */
export function looksAlike(
  calls: Calls,
  call: { at: number; model: string; spend: number; promptTokens: number; completionTokens: number },
  options: LikenessOptions,
): boolean {
  const { at, model, spend, promptTokens, completionTokens } = call;
  const tokens = promptTokens + completionTokens;
  if (tokens <= 0) return false;
  const price = spend > 0 ? Math.log(spend / tokens) : 0;
  const ratio = Math.log((promptTokens + 10) / (completionTokens + 10));
  const before = calls.get(model) ?? [];
  let alike = 0;
  for (const one of before)
    if (
      at - one.at < options.withinSeconds &&
      Math.abs(one.price - price) < options.price &&
      Math.abs(one.ratio - ratio) < options.ratio
    )
      alike++;
  // Deleted first, so that the model used longest ago stands in front.
  calls.delete(model);
  if (calls.size >= MODELS_KEPT) calls.delete(calls.keys().next().value as string);
  calls.set(model, [...before.slice(-(CALLS_KEPT - 1)), { at, price, ratio }]);
  return alike >= options.least;
}
