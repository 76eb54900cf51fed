import type { Look, Moment, Scrape } from '../scrape/look';
import type { BlindTrouble } from './trouble';

/** What each process of a source showed when it was last seen. */
export type Shown = ReadonlyMap<string, ShownByProcess>;

interface ShownByProcess {
  readonly seen: Moment;
  readonly keys: ReadonlyMap<string, KeySight>;
  /** Keys that were in use when they were shown no more. */
  readonly missing: ReadonlyMap<string, { readonly name: string; readonly since: Moment }>;
}

interface KeySight {
  readonly name: string;
  readonly spendUsd: number;
  readonly tokens: number;
  /** The look that last showed it growing. */
  readonly grew: Moment;
}

/** LiteLLM may be told to drop series that are idle (`prometheus_metrics_ttl_seconds`): that is no trouble. */
const IN_USE_MS = 300_000;
/** A process that doesn't answer for so long is gone. Of two workers, one stays away by chance once in 4,000 times. */
const GONE_AFTER_MS = 60_000;
const PROCESSES = 8;
const NAMED = 3;

/** A key whose counters go away though the process that counted didn't: what it spends from now on is not seen. */
export function judgeShown(before: Shown, look: Look): { state: Shown; trouble?: BlindTrouble } {
  const state = look.ok ? shownBy(before, look.source, look.scrape, look) : before;
  const missing = [...state.values()].flatMap((one) => [...one.missing.values()]);
  const [first] = missing;
  if (first === undefined) return { state };
  const names = missing.map(({ name }) => name);
  return { state, trouble: { reason: 'vanished', text: said(names), blind: true, since: first.since } };
}

function shownBy(before: Shown, source: string, scrape: Scrape, { at, monotonicMs }: Moment): Shown {
  const now: Moment = { at, monotonicMs };
  const process = scrape.process ?? '';
  const last = before.get(process);
  const keys = keysOf(source, scrape, last, now);
  const known = last === undefined || isRestarted(process, last, keys) ? undefined : last;
  const missing = new Map([...(known?.missing ?? [])].filter(([key]) => !keys.has(key)));
  for (const [key, { name, grew }] of known?.keys ?? [])
    if (!keys.has(key) && monotonicMs - grew.monotonicMs < IN_USE_MS) missing.set(key, { name, since: now });
  const others = [...before].filter(
    ([name, { seen }]) => name !== process && monotonicMs - seen.monotonicMs < GONE_AFTER_MS,
  );
  return new Map([[process, { seen: now, keys, missing }] as const, ...others].slice(0, PROCESSES));
}

function keysOf(
  source: string,
  { readings, keys: facts }: Scrape,
  known: ShownByProcess | undefined,
  now: Moment,
): ReadonlyMap<string, KeySight> {
  const sums = new Map<string, { spendUsd: number; tokens: number }>();
  for (const reading of readings) {
    if (reading.source !== source) continue;
    const sum = sums.get(reading.key) ?? { spendUsd: 0, tokens: 0 };
    sums.set(reading.key, sum);
    sum.spendUsd += reading.spendUsd;
    sum.tokens += reading.promptTokens + reading.completionTokens;
  }
  return new Map(
    [...sums].map(([key, sum]): [string, KeySight] => {
      const was = known?.keys.get(key);
      const grew = was !== undefined && was.spendUsd === sum.spendUsd && was.tokens === sum.tokens ? was.grew : now;
      return [key, { name: facts.get(key)?.alias ?? key.slice(0, 12), ...sum, grew }];
    }),
  );
}

/** A process that doesn't say who it is restarted when it shows nothing any more, or less than before. */
function isRestarted(process: string, known: ShownByProcess, keys: ReadonlyMap<string, KeySight>): boolean {
  if (process !== '') return false;
  return (
    keys.size === 0 ||
    [...keys].some(([key, now]) => {
      const was = known.keys.get(key);
      return was !== undefined && (now.tokens < was.tokens || now.spendUsd < was.spendUsd - 1e-9 * was.spendUsd);
    })
  );
}

function said(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `LiteLLM no longer shows what ${names.slice(0, NAMED).join(', ')}${more} spends, and it did not restart. Look into its log, see what was changed in prometheus_metrics_config, restart it.`;
}
