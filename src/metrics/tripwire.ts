import type { Increment } from '../tripwire/reading';
import type { Look } from '../tripwire/scrape/look';
import type { Rule, Signal } from '../tripwire/signal';
import type { Spend } from '../tripwire/spend';
import { type Families, seconds } from './family';

const RULES = [
  ...(['ceiling', 'budget', 'level', 'loop', 'growth', 'sustained', 'cold-start', 'price', 'blind'] as const),
] satisfies readonly Rule[];
const LEVELS: readonly Signal['level'][] = ['warn', 'trip'];

export interface TripwireCounts {
  looked(look: Pick<Look, 'source' | 'ok'>): void;
  /** Something began that the detectors warn of, or trip for. */
  began(signal: Pick<Signal, 'rule' | 'level'>): void;
  spent(increment: Increment): void;
}

/** @param sources names of the LiteLLM proxies; empty where there is no tripwire: then none of this is there. */
export function countTripwire({ counter }: Families, sources: readonly string[]): TripwireCounts {
  if (sources.length === 0) return { looked: nothing, began: nothing, spent: nothing };
  const looks = counter('pullcord_tripwire_looks_total', 'Looks at a LiteLLM proxy, and whether they showed spend.', {
    ...{ source: sources, result: ['seen', 'blind'] },
  });
  const signals = counter(
    'pullcord_tripwire_signals_total',
    'Warnings and trips that began, by rule. In mode observe they cut nothing.',
    { rule: RULES, level: LEVELS },
  );
  const usd = counter('pullcord_tripwire_spend_usd_total', 'US dollars that were seen to be spent, by all keys.');
  const tokens = counter('pullcord_tripwire_tokens_total', 'Tokens that were seen to be used, by all keys.');
  return {
    looked: ({ source, ok }) => looks({ source, result: ok ? 'seen' : 'blind' }),
    began: ({ rule, level }) => signals({ rule, level }),
    spent: ({ spendUsd, promptTokens, completionTokens }) => {
      usd({}, spendUsd);
      tokens({}, promptTokens + completionTokens);
    },
  };
}

const nothing = (): void => undefined;

export interface TripwireSeen {
  spend(limit: number): Spend;
  /** Whether every source of spend is seen now. */
  sees(): boolean;
}

/** Of all keys together: who spends it is told to those who may know, by `GET /api/v1/spend`. */
export function showTripwire({ gauge }: Families, tripwire: TripwireSeen): void {
  const whole = () => tripwire.spend(1).subjects[0];
  gauge('pullcord_tripwire_acts', '1 when a trip cuts, 0 when the tripwire observes only.', [], (put) =>
    put(tripwire.spend(1).mode === 'act' ? 1 : 0),
  );
  gauge('pullcord_tripwire_sees', 'Whether spend is seen at a LiteLLM proxy: 1 or 0.', ['source'], (put) => {
    for (const { name, sees } of tripwire.spend(1).sources) put(sees ? 1 : 0, { source: name });
  });
  gauge(
    'pullcord_tripwire_last_look_timestamp_seconds',
    'When a LiteLLM proxy was last looked at. Absent before the first look.',
    ['source'],
    (put) => {
      for (const { name, lookedAt } of tripwire.spend(1).sources) put(seconds(lookedAt), { source: name });
    },
  );
  gauge(
    'pullcord_tripwire_blind_since_timestamp_seconds',
    'Since when nothing is seen at a LiteLLM proxy. Absent while it is seen.',
    ['source'],
    (put) => {
      for (const { name, blindSince } of tripwire.spend(1).sources) put(seconds(blindSince), { source: name });
    },
  );
  gauge(
    'pullcord_tripwire_burn_usd',
    'US dollars that all keys spent in the last minute. Absent while the tripwire is blind.',
    [],
    (put) => put(tripwire.sees() ? whole()?.spent.minute.usd : undefined),
  );
  gauge(
    'pullcord_tripwire_usual_usd',
    'US dollars a minute that are usual at this hour. Absent while unknown.',
    [],
    (put) => put(whole()?.usualUsd),
  );
  gauge(
    'pullcord_tripwire_trip_usd',
    'US dollars in one minute that would trip now. Absent where ceilings alone hold.',
    [],
    (put) => put(whole()?.tripUsd),
  );
  gauge(
    'pullcord_tripwire_ceiling',
    'Ceilings for all keys together, by unit and window in seconds.',
    ['unit', 'window'],
    (put) => {
      for (const { unit, windowSeconds, limit } of whole()?.ceilings ?? [])
        put(limit, { unit, window: String(windowSeconds) });
    },
  );
}
