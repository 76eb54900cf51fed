import type { History } from './history';
import type { Line } from './line';
import { type Span, spans, stepOf } from './spans';

/** Whose cost: one key's, one model's; left out: all of it. */
export interface CostOf {
  readonly kind: 'key' | 'model';
  readonly id: string;
}

/** What a time cost. */
export interface Cost {
  readonly usd: number;
  readonly tokens: number;
  /** What is usual for all keys together in what was seen of it. US dollars; undefined where that is not known, or for one key. */
  readonly usualUsd: number | undefined;
  /** How much of it nobody saw: what was spent then is not in the sums. Milliseconds. */
  readonly unseenMs: number;
  /** The sums are exact to such steps: of one that lies in the time in part, its share is taken. Milliseconds. */
  readonly stepMs: number;
}

/**
 * What was spent in a time. Pure.
 * @param from epoch, in milliseconds. @param to after it.
 * @returns undefined where nothing of it was seen, or the key has no line of its own: nobody knows. That is not nothing.
 */
export function costBetween(history: History, from: number, to: number, of?: CostOf): Cost | undefined {
  const line = of === undefined ? history.all : lineOf(history, of);
  const span = finest(history, from);
  if (!line || !span || !(to > from) || from < line.since) return undefined;
  const { usual } = history.bounds;
  let [usd, tokens, usualUsd, seenMs] = [0, 0, 0, 0];
  for (let step = stepOf(span, from); step * span.stepMs < to; step += 1) {
    const place = history.placeOf(span, step);
    if (place === undefined) continue;
    const ms = Math.min(to, (step + 1) * span.stepMs) - Math.max(from, step * span.stepMs);
    const part = ms / span.stepMs;
    usd += part * (line.usd[place] as number);
    tokens += part * (line.tokens[place] as number);
    usualUsd += part * (usual[place] as number);
    seenMs += ms;
  }
  if (seenMs === 0) return undefined;
  const isKnown = of === undefined && !Number.isNaN(usualUsd);
  return {
    ...{ usd, tokens, usualUsd: isKnown ? usualUsd : undefined },
    ...{ unseenMs: to - from - seenMs, stepMs: span.stepMs },
  };
}

/** So many steps have to lie in a time, or its edges would outweigh it. */
const LEAST_STEPS = 3;

export interface Measured extends Pick<Cost, 'usd' | 'tokens'> {
  /** How long the steps are together in which it was spent. Milliseconds. */
  readonly overMs: number;
}

/**
 * The same in whole steps: what began in the middle of one is told as a whole, and so is what was seen only when the
 * time was over. Pure.
 * @returns undefined where some of it was not seen, and where the steps are too long for so short a time.
 */
export function measuredBetween(history: History, from: number, to: number, of?: CostOf): Measured | undefined {
  const span = finest(history, from);
  if (!span || to - from < LEAST_STEPS * span.stepMs) return undefined;
  const begin = stepOf(span, from) * span.stepMs;
  const end = Math.min(stepOf(span, to), history.newest[span.at] as number) * span.stepMs + span.stepMs;
  const cost = costBetween(history, begin, end, of);
  return cost && cost.unseenMs === 0 && end >= to
    ? { usd: cost.usd, tokens: cost.tokens, overMs: end - begin }
    : undefined;
}

const lineOf = ({ keys, models }: History, { kind, id }: CostOf): Line | undefined =>
  (kind === 'key' ? keys : models).named.get(id);

/** The first whose steps reach back so far; else the one that reaches back farthest. */
function finest(history: History, from: number): Span | undefined {
  const reaches = (span: Span): boolean => stepOf(span, from) > (history.newest[span.at] as number) - span.size;
  return spans.find(reaches) ?? spans.at(-1);
}
