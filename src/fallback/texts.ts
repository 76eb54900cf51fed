import type { FallbackConfig } from '../config/fallback';
import type { FallbackNow } from './fallbacks';
import type { Permit } from './permit';

/** What is said of fallbacks. Short: it goes to phones. */

const MINUTE_SECONDS = 60;
const HOUR_MINUTES = 60;

/** `2 h`, `90 min`. */
export function span(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / MINUTE_SECONDS));
  return minutes % HOUR_MINUTES === 0 ? `${minutes / HOUR_MINUTES} h` : `${minutes} min`;
}

const limits = ({ forSeconds, maxUsd }: FallbackConfig): string =>
  `for ${span(forSeconds)}${maxUsd === undefined ? '' : `, at most ${maxUsd} USD`}`;

export const askText = ({ fallback, why }: Permit, config: FallbackConfig): string =>
  `The primary of ${fallback} is down: ${why}. Text FALLBACK and a code to go over ${limits(config)}.`;

export function decidedText({ fallback, state, by, why }: Permit, config: FallbackConfig): string {
  const who = by === 'watcher' ? '' : ` by ${by}`;
  if (state === 'fallback') return `${fallback}: gone over to the fallback ${limits(config)}${who}: ${why}.`;
  return `${fallback}: back to the primary${who}: ${why}.`;
}

/** One line of STATUS. `now`: epoch, in milliseconds. */
export function standingText({ name, state, permit, forbiddenBy, seen }: FallbackNow, now: number): string {
  const unseen = (state === 'fallback' ? seen === 'fallback' : seen === 'primary') ? '' : ', not seen yet';
  switch (state) {
    case 'forbidden':
      return `${name}: forbidden by ${forbiddenBy.join(', ')}${unseen}`;
    case 'asked':
      return `${name}: primary is down, FALLBACK and a code goes over`;
    case 'fallback':
      return `${name}: ON FALLBACK for ${span(((permit?.until ?? now) - now) / 1000)} more${unseen}`;
    case 'primary':
      return `${name}: primary${unseen}`;
  }
}
