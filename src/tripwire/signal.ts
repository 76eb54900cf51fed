/** Whose spend is watched: one key, one team, or all together. */
export interface Subject {
  readonly kind: 'key' | 'team' | 'whole';
  /** The key's hash, the team's id; `*` for all together. */
  readonly id: string;
}

/** Money and tokens are both watched: a model priced at nothing burns no money and still runs away. */
export type Unit = 'usd' | 'tokens';

/** One thing that the detectors have to say of a subject. Holds no secret; hashes are names. */
export interface Signal {
  /** `warn` asks a person, `trip` severs. */
  readonly level: 'warn' | 'trip';
  readonly subject: Subject;
  /** The look that showed it. Epoch, in milliseconds. */
  readonly at: number;
  readonly rule: Rule;
  readonly unit: Unit;
  /** What the amounts below are about. Seconds, back from `at`. */
  readonly windowSeconds: number;
  /** Spent in the window. */
  readonly observed: number;
  /** What this subject usually spends in such a window at this hour. */
  readonly usual: number;
  /** What was exceeded. */
  readonly limit: number;
  /** When the excess began, as far as can be seen. Epoch, in milliseconds. */
  readonly since: number;
  /** Spent beyond what is usual since then. */
  readonly beyondUsual: number;
  /** When LiteLLM's or the configured budget is used up at the present rate. Epoch, in milliseconds. */
  readonly usedUpAt?: number;
}

/** Why. A closed list: also the label in the ledger, in events and in metrics. */
export type Rule =
  /** A hard limit that somebody configured. */
  | 'ceiling'
  /** A share of a budget went in a short time, or the budget is used up. */
  | 'budget'
  /** More than this subject ever spends in such a window. */
  | 'level'
  /** The same call again and again. */
  | 'loop'
  /** A minute's spend keeps on doubling. */
  | 'growth'
  /** Goes on and on without a pause, higher than ever. */
  | 'sustained'
  /** No history to compare with, and a great deal of money. */
  | 'cold-start'
  /** Dearer by the token than this subject ever was. */
  | 'price'
  /** Nothing can be seen, for too long. */
  | 'blind';
