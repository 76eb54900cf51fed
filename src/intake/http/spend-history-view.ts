import { z } from 'zod';
import type { Incident } from '../../ledger/incident';
import type { EntryKind, Line } from '../../ledger/store';
import { isRehearsal } from '../../orders/drill';
import type { NamedHistory, NamedLine } from '../../tripwire/history';
import type { Series } from '../../tripwire/history/view';
import type { SpendHistoryAnswer } from './spend-history-schema';

type Mark = SpendHistoryAnswer['marks'][number];

/** How the history of spend is shown. @param marks undefined when the ledger did not answer. */
export function spendHistoryAnswer(history: NamedHistory, marks: readonly Mark[] | undefined): SpendHistoryAnswer {
  const { span, from, stepMs, steps, all, keys, models, bounds } = history;
  return {
    ...{ span, from: time(from), stepSeconds: stepMs / 1000, steps },
    all: { usd: money(all.usd), tokens: whole(all.tokens) },
    keys: keys.map(lineAnswer),
    models: models.map(lineAnswer),
    bounds: {
      ...{ usual: money(bounds.usual), floor: money(bounds.floor) },
      ...{ ceiling: money(bounds.ceiling), trips: money(bounds.trips) },
    },
    ...(marks === undefined ? { marks: [], marksMissing: true } : { marks: [...marks] }),
  };
}

export const markKinds = ['warned', 'tripped', 'severed', 'restored'] as const satisfies readonly EntryKind[];
export const MOST_MARKS = 200;

const told = z.object({
  scope: z.string(),
  order: z.number().optional(),
  at: z.iso.datetime().optional(),
  subject: z.object({ name: z.string() }).optional(),
  why: z.string().optional(),
  would: z.string().optional(),
});

/**
 * What the ledger has of a time, as it is drawn beside what was spent. Pure. Rehearsals are none of it.
 * @param lines of `markKinds`, in their order. @param from epoch, in milliseconds.
 */
export function marksOf(lines: readonly Line[], incidents: readonly Incident[], from: number): Mark[] {
  const numbers = new Map(incidents.flatMap(({ number, orders }) => orders.map((order) => [order, number])));
  return lines
    .flatMap(({ kind, at: written, data }) => {
      const parsed = told.safeParse(data);
      if (!isMark(kind) || !parsed.success || isRehearsal(parsed.data.scope)) return [];
      const { scope, order, subject, why, would } = parsed.data;
      // What the tripwire saw stands on paper later when the ledger was away.
      const at = Date.parse(parsed.data.at ?? time(written));
      const incident = order === undefined ? undefined : numbers.get(order);
      const text = why ?? (would === undefined ? `${scope} is seen to be ${kind}.` : `It would ${would}`);
      return [{ at, kind, subject: subject?.name ?? scope, text, ...(incident === undefined ? {} : { incident }) }];
    })
    .filter(({ at }) => at >= from)
    .sort((a, b) => a.at - b.at)
    .slice(-MOST_MARKS)
    .map(({ at, ...mark }) => ({ ...mark, at: time(at) }));
}

const isMark = (kind: EntryKind): kind is Mark['kind'] => (markKinds as readonly EntryKind[]).includes(kind);

const lineAnswer = ({ name, usd, tokens }: NamedLine) => ({ name, usd: money(usd), tokens: whole(tokens) });

const rounded = (digits: number) => (series: Series) =>
  series.map((value) => (value === null ? null : Math.round(value * 10 ** digits) / 10 ** digits));
const money = rounded(6);
const whole = rounded(0);

const time = (at: number): string => new Date(at).toISOString();
