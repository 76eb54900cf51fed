import type { Moment, Why } from '../scrape/look';

/** Why spend may go unseen. A closed list: also the label in the ledger, in events and in metrics. */
export type BlindReason =
  | Exclude<Why, 'stopped'>
  /** A key that was in use is shown no more, and the proxy didn't restart. */
  | 'vanished'
  /** The clock was set, or the machine slept. */
  | 'clock'
  /** LiteLLM counts answers, and neither tokens nor money. */
  | 'standstill'
  /** The gateway lets requests through, and LiteLLM counts none. */
  | 'bypassed'
  /** A counter shows no number. */
  | 'unreadable'
  /** LiteLLM adds many keys up as one. */
  | 'lumped'
  /** LiteLLM's list of keys can't be read; its metrics can. */
  | 'database';

export interface BlindTrouble {
  readonly reason: BlindReason;
  /** One line for a person: what happened, and what to do. */
  readonly text: string;
  /** Whether spend goes unseen while it lasts. If not, it is told, and nothing more comes of it. */
  readonly blind: boolean;
  /** When it began, as far as can be seen. */
  readonly since: Moment;
}
