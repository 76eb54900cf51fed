import { isFirst, type Looks } from './looks';
import type { Arrival } from './series';

/**
 * A worker that is picked at random has shown within so long: one of four, looked at every ten seconds, but for once in
 * 5,000 times.
 */
const SHOWN_WITHIN_MS = 5 * 60_000;

/** The proxy's clock and this machine's may differ by so much. */
const CLOCK_SKEW_MS = 60_000;

/**
 * What to make of totals that a look shows for the first time: spend, or what was there before anybody looked. Pure. In
 * doubt it is the latter: what is lost is one look's spend, once; what would be counted is a false trip.
 *
 * A process that is new to us is believed to be new when its counters began while we looked, and lately. If they began
 * long before the look before, we looked at other workers all the time, or it goes by another name than before.
 *
 * @param source the looks at the proxy, this one included.
 * @param own the looks at the process, this one included, if it has a name.
 * @param countingSince as in `Reading`.
 */
export function arrivalOf(source: Looks, own: Looks | undefined, countingSince = Number.NaN): Arrival {
  if (!own) return { baseline: source.at < source.first + SHOWN_WITHIN_MS, after: source.before };
  if (!isFirst(own)) return { baseline: false, after: own.before };
  const isNew = countingSince > Math.max(source.first + CLOCK_SKEW_MS, source.before - SHOWN_WITHIN_MS);
  return { baseline: !isNew, after: countingSince };
}
