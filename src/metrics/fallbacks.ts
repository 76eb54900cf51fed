import type { FallbackState } from '../fallback';
import { type Families, putOneOf, seconds } from './family';

const STATES: readonly FallbackState[] = ['primary', 'asked', 'fallback', 'forbidden'];

export interface FallbacksSeen {
  all(): readonly {
    readonly name: string;
    readonly state: FallbackState;
    readonly permit?: { readonly state: string; readonly until?: number };
  }[];
}

/** @param known whether the ledger was read: what was decided stands there. */
export function showFallbacks({ gauge }: Families, fallbacks: FallbacksSeen, known: () => boolean): void {
  const all = () => (known() ? fallbacks.all() : []);
  gauge(
    'pullcord_fallback_state',
    'How a fallback stands: 1 for that state, 0 for the others.',
    ['fallback', 'state'],
    (put) => {
      for (const { name, state } of all()) putOneOf(put, 'state', STATES, state, { fallback: name });
    },
  );
  gauge(
    'pullcord_fallback_until_timestamp_seconds',
    'When the permit of a fallback that is in use ends.',
    ['fallback'],
    (put) => {
      for (const { name, state, permit } of all())
        if (state === 'fallback') put(seconds(permit?.until), { fallback: name });
    },
  );
}
