import { boundNames, type History } from './history';
import type { Line } from './line';
import { type SpanName, spanOf, stepOf } from './spans';

/** One value a step; null: nobody saw it. */
export type Series = readonly (number | null)[];

export interface LineView {
  /** The key's hash, or the model; `other`: the rest. */
  readonly id: string;
  readonly usd: Series;
  readonly tokens: Series;
}

/** What was spent in a span, as it can be drawn. US dollars and tokens. */
export interface HistoryView {
  readonly span: SpanName;
  /** When the first step begins. Epoch, in milliseconds. */
  readonly from: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly all: Omit<LineView, 'id'>;
  /** The dearest of this span first, then the rest. */
  readonly keys: readonly LineView[];
  readonly models: readonly LineView[];
  /** US dollars in such a step, of all keys together, as it stood then. */
  readonly bounds: Readonly<Record<(typeof boundNames)[number], Series>>;
}

/** Lines that are told by name. */
const NAMED = 8;

/** From memory, and nothing is changed. @param now epoch, in milliseconds: the step that runs then is the last. */
export function viewOf(history: History, name: SpanName, now: number): HistoryView {
  const span = spanOf(name);
  const end = Math.max(stepOf(span, now), history.newest[span.at] as number);
  const first = end - span.size + 1;
  const places = Array.from({ length: span.size }, (_, i) => history.placeOf(span, first + i));
  const begins = (i: number): number => (first + i) * span.stepMs;
  const series = (amounts: Float64Array, since = Number.NEGATIVE_INFINITY): Series =>
    places.map((place, i) =>
      place === undefined || begins(i + 1) <= since || Number.isNaN(amounts[place]) ? null : (amounts[place] as number),
    );
  const lineOf = ({ id, usd, tokens, since }: Line): LineView => ({
    ...{ id, usd: series(usd, since), tokens: series(tokens, since) },
  });
  const sum = (amounts: Float64Array): number =>
    places.reduce<number>((all, place) => all + (place === undefined ? 0 : (amounts[place] as number)), 0);

  const linesOf = (named: Iterable<Line>, other: Line): LineView[] => {
    const spent = [...named, other]
      .map((line) => ({ line, usd: sum(line.usd), tokens: sum(line.tokens) }))
      .filter(({ usd, tokens }) => usd > 0 || tokens > 0);
    const own = spent
      .filter(({ line }) => line !== other)
      .sort((a, b) => b.usd - a.usd || b.tokens - a.tokens)
      .map(({ line }) => line);
    const rest = [...own.slice(NAMED), ...spent.filter(({ line }) => line === other).map(({ line }) => line)];
    return [...own.slice(0, NAMED).map(lineOf), ...(rest.length === 0 ? [] : [restOf(other.id, rest, series)])];
  };

  return {
    ...{ span: name, from: begins(0), stepMs: span.stepMs, steps: span.size },
    all: { usd: series(history.all.usd), tokens: series(history.all.tokens) },
    keys: linesOf(history.keys.named.values(), history.keys.other),
    models: linesOf(history.models.named.values(), history.models.other),
    bounds: Object.fromEntries(
      boundNames.map((bound) => [bound, series(history.bounds[bound])]),
    ) as unknown as HistoryView['bounds'],
  };
}

function restOf(id: string, lines: readonly Line[], series: (amounts: Float64Array) => Series): LineView {
  const together = (unit: 'usd' | 'tokens'): Series => {
    const sum = new Float64Array(lines[0]?.[unit].length ?? 0);
    for (const line of lines) line[unit].forEach((amount, place) => (sum[place] = (sum[place] as number) + amount));
    return series(sum);
  };
  return { id, usd: together('usd'), tokens: together('tokens') };
}
