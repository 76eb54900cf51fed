import type { FallbackState } from '../fallback/permit';
import type { Source } from '../orders/order';
import type { RefusalReason } from '../orders/reasons';

/** What happened: first an order's way, then what the tripwire saw, then the switch's own health. */
export type NoticeKind =
  | 'severing'
  | 'severed'
  | 'restoring'
  | 'restored'
  /** The first of a reason at once, then how many more there were, once a minute. */
  | 'refused'
  /** The tripwire cuts: why, and with what figures. */
  | 'tripped'
  /** How that cut went. */
  | 'trip-settled'
  /** The tripwire observes only: it would have cut. */
  | 'would-trip'
  /** Not enough to cut, too much to be silent. */
  | 'warned'
  /** Something lasts that has to be mended, until `cleared`. */
  | 'trouble'
  | 'alarm'
  | 'cleared'
  /** A rehearsal has ended. */
  | 'drill'
  /** It was decided about a fallback: people are asked, it is gone over to, or back from. */
  | 'fallback';

/** What was decided about one fallback. */
export interface FallbackDecision {
  readonly name: string;
  readonly state: 'primary' | 'asked' | 'fallback';
  /** What it was until then, where that is known. */
  readonly before?: FallbackState;
  /** Number of the decision, of the same count as the orders. */
  readonly order: number;
  /** Of `fallback`: when its time is up. ISO 8601. */
  readonly until?: string;
  /** An operator, `token:<name>`, or `watcher`. */
  readonly by: string;
  readonly why: string;
}

/** One thing worth telling a person, or a program. Holds no secret. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly text: string;
  /** What a phone is texted instead of `text`: one whole segment. */
  readonly sms?: string;
  /** The tripwire's, by name: what was spent, how much is usual, and so on. */
  readonly figures?: object;
  /** Why it was refused. */
  readonly refusal?: RefusalReason;
  /** The report of a drill. */
  readonly drill?: { readonly state: 'running' | 'passed' | 'failed' | 'skipped'; readonly brokenOff?: string };
  readonly fallback?: FallbackDecision;
  readonly scope?: string;
  /** Number of the order. */
  readonly order?: number;
  /** Through which door it came, and whose it was, as far as that was shown. */
  readonly source?: Source;
  readonly by?: string;
  /** Epoch, in milliseconds. */
  readonly at: number;
}

/**
 * What nobody ordered and everybody has to know of now. It is held back by no limit, for a person's RESTORE stands
 * between one of these and the next, and waits behind nothing else.
 */
export const isUrgent = ({ kind }: Notice): boolean => kind === 'tripped' || kind === 'trip-settled';

/** `retry`: the same notice may get through later. `failed`: it won't. */
export type Told = 'told' | 'retry' | 'failed';

/** A way to tell somebody. Adding a provider is adding one of these. */
export interface Channel {
  /** Stands in logs: holds no secret, and no address that is one. */
  readonly name: string;
  /**
   * Bounded in time. Called again with the same object after `retry`: who was told already is not told twice.
   * Fails towards "not told", never towards silence: what it can't be sure of it doesn't call told.
   */
  tell(notice: Notice): Promise<Told>;
}
