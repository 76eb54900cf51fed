/**
 * Press and hold. Fails towards "not ordered": whatever ends a press too early orders nothing, and says so. Pure; the
 * same for a pointer, a finger and a key.
 */

/** Long enough for nobody to do it in passing, short enough at 2 a.m. Milliseconds. */
export const HOLD_MS = 1_200;

export type Hold =
  | { readonly phase: 'idle' }
  | { readonly phase: 'holding'; readonly since: number }
  /** Held for long enough: ordered once, however long it is held on. */
  | { readonly phase: 'done' }
  | { readonly phase: 'early' };

/** `lost`: the press went elsewhere, the window lost the focus, the page was hidden. */
export type HoldEvent = { readonly kind: 'press' | 'tick' | 'release' | 'lost'; readonly at: number };

export const idle: Hold = { phase: 'idle' };

/** @param at on a clock that nobody sets. Milliseconds. */
export function hold(now: Hold, { kind, at }: HoldEvent): Hold {
  if (kind === 'press') return now.phase === 'holding' ? now : { phase: 'holding', since: at };
  if (now.phase !== 'holding') return kind === 'release' && now.phase === 'done' ? idle : now;
  if (kind === 'lost') return { phase: 'early' };
  if (at - now.since >= HOLD_MS) return { phase: 'done' };
  return kind === 'release' ? { phase: 'early' } : now;
}

/** 0 to 1: how much of it is done. */
export function progress(now: Hold, at: number): number {
  if (now.phase === 'done') return 1;
  return now.phase === 'holding' ? Math.min(1, Math.max(0, (at - now.since) / HOLD_MS)) : 0;
}
