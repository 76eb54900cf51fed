import type { Tripwire } from '../config/tripwire';
import type { Detection } from './detection';
import type { Gateways } from './gateway';
import type { Watch } from './watch';

export interface TripwireReadiness {
  readonly ok: boolean;
  readonly detail: string;
  /** It does not look any more, so that it can't tell of it by itself. */
  readonly silent?: true;
}

/** Looks that may fail to come, and how long one may take at most, before the loop is taken to hang. Milliseconds. */
const LATE_LOOKS = 3;
const LATE_MS = 60_000;

/** In words. @param at on a clock that nobody sets. Milliseconds. */
export function readinessOf(
  { mode, everySeconds }: Tripwire,
  watch: Watch,
  detection: Detection,
  gateways: Gateways | undefined,
  at: number,
): TripwireReadiness {
  const states = watch.states();
  const lateMs = LATE_LOOKS * everySeconds * 1_000 + LATE_MS;
  const late = states.find(({ look }) => look !== undefined && at - look.monotonicMs > lateMs);
  if (late?.look) {
    const since = new Date(late.look.at).toISOString();
    return { ok: false, silent: true, detail: `it has not looked at ${late.name} since ${since}: restart Pullcord` };
  }
  const seen = states.flatMap(({ troubles }) => troubles).map(({ text }) => text);
  const [trouble] = [...seen, watch.trouble(), gateways?.trouble()].filter((text) => text !== undefined);
  if (trouble !== undefined) return { ok: false, detail: trouble };
  const unseen = states.find(({ look }) => look === undefined);
  if (unseen) return { ok: false, detail: `${unseen.name} has not been looked at yet` };
  const keys = detection.all().filter(({ kind }) => kind === 'key').length;
  const observes = mode === 'observe' ? ', observes only: it cuts nothing' : '';
  const unknown = gateways?.why();
  const passes = unknown === undefined ? '' : `, not what passes by it: ${unknown}`;
  const one = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  return {
    ok: true,
    detail: `sees ${one(states.length, 'LiteLLM proxy').replace('proxys', 'proxies')}, ${one(keys, 'key')} spent${passes}${observes}`,
  };
}
