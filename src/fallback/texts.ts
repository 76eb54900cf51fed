import type { FallbackConfig } from '../config/fallback';
import type { FallbackDecision } from '../notify/channel';
import type { FallbackNow } from './fallbacks';

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

/** What was decided. @param config where it is at hand: the text says for how long, then. */
export function decidedText(decision: Omit<FallbackDecision, 'order'>, config?: FallbackConfig): string {
  const { name, state, before, by, why } = decision;
  const who = by === 'watcher' ? '' : ` by ${by}`;
  const how = config ? ` ${limits(config)}` : '';
  switch (state) {
    case 'asked':
      return `The primary of ${name} is down: ${why}. Text FALLBACK and a code to go over${how}.`;
    case 'fallback':
      return `${name}: gone over to the fallback${how}${who}: ${why}.`;
    case 'primary': {
      const stays = before === 'primary' || before === 'forbidden';
      return `${name}: ${stays ? 'stays with' : 'back to'} the primary${who}: ${why}.`;
    }
  }
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
