import type { FallbackNow } from '../fallback';
import type { Condition } from './line/part';

export interface FallbackScene {
  readonly now: FallbackNow;
  /** Of the primary; `unseen`: nothing was seen of it for the whole period in which failures are counted. */
  readonly primary: 'well' | 'down' | 'unsure' | 'unseen';
}

const PERMIT = 'Text FALLBACK and a code, or bring the primary back.';

/**
 * How a fallback stands, as a part of the way. Pure. Fails towards trouble: what is not seen as it was decided, and a
 * primary of which nothing is seen, is not well. What people were told by a decision is shown, and not told again.
 */
export function fallbackCondition({ now, primary }: FallbackScene): Condition {
  const { name, state, seen, missing, forbiddenBy, permit } = now;
  const wanted = state === 'fallback' ? 'fallback' : 'primary';
  if (seen !== wanted)
    return {
      signal: 'trouble',
      detail: `stands ${state}, and is not seen so at the gateway${missing.length > 0 ? `: ${missing.join('; ')}` : ''}`,
      todo: 'Look after the Admin API and the Control API.',
    };
  if (primary === 'unseen')
    return {
      signal: 'trouble',
      detail: 'nothing is seen of its primary',
      todo: `Set fallbacks.${name}.probe, or look at the Control API.`,
    };
  const isDown = primary === 'down';
  switch (state) {
    case 'fallback':
      return { signal: 'supervisory', detail: `is in use${isDown ? ', its primary is down' : ''}`, quiet: true };
    case 'asked':
      return { signal: 'trouble', detail: 'its primary is down, and nobody has decided', todo: PERMIT, quiet: true };
    case 'forbidden': {
      const detail = `forbidden by ${forbiddenBy.join(', ')}${isDown ? ', and its primary is down' : ''}`;
      return isDown ? { signal: 'supervisory', detail, quiet: true } : { signal: 'normal', detail };
    }
    case 'primary':
      if (!isDown) return { signal: 'normal', detail: 'is kept out, the primary is used' };
      return permit?.held
        ? { signal: 'trouble', detail: 'its primary is down, and what was permitted is over', todo: PERMIT }
        : { signal: 'trouble', detail: 'its primary is down, and the fallback is kept out', todo: PERMIT };
  }
}
