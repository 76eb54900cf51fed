import type { Span } from '../tracing/span';
import type { Changed } from './changed';
import type { Preview } from './preview';

/**
 * What carries out a cut on one system. A cutter is level-triggered: `enforce` is told the whole current goal, brings
 * the system to it, looks whether it got there, and can be called again at any time. It fails towards "cut": what it
 * can't read it never releases.
 */
export interface Cutter {
  /** Stands in logs, replies and the ledger: `apisix main`. */
  readonly name: string;
  /** Whether "severed" is said only after this cutter has seen the refusal. */
  readonly required: boolean;
  /** It stands beside a gateway that is counted already. */
  readonly beside?: true;
  /**
   * Brings the system to the goal and says what was seen. Never throws for a failing system: that is a report.
   * @param overtaken aborted as soon as the goal is an old one; the cutter stops writing at once.
   */
  enforce(goal: Goal, overtaken: AbortSignal): Promise<Report>;
  /** What a restore of this scope would give back, while these scopes are severed. From memory: no I/O. */
  preview(scope: string, severed: ReadonlySet<string>): Preview;
  close(): Promise<void>;
}

export interface Goal {
  /** Number of the newest order. */
  readonly order: number;
  /** Scopes that have to be cut, and all others that are configured: those have to be served. */
  readonly severed: ReadonlySet<string>;
  /**
   * Scopes whose restore was not seen yet: they have to be seen served, also by a program that was started in the middle
   * and has cut nothing itself (law 5). Left out: none.
   */
  readonly restoring?: ReadonlySet<string> | undefined;
  /** This instance took the order: what has to be cut goes out first. Others look first whether it is done. */
  readonly urgent: boolean;
  /** The pass in the trace of the order, for what a cutter does in it. Left out: nobody traces it. */
  readonly span?: Span;
  /**
   * Asked before any write that takes nothing back. Answered at once to the instance that took the order, and "yes" in
   * doubt (law 4); undefined while another instance is at it, or a later order is known.
   */
  mayCut(): Promise<Leave | undefined>;
  /**
   * Asked before any write that gives something back. Given only when it is this instance's turn, and the latches, read
   * afresh from the ledger's store, still are this goal (laws 1 and 4).
   * @param onRecord it is kept beside the ledger that Pullcord cut it. What is merely found cut, while nothing is being
   * restored, may have been stopped by an instance that could not write it down, and stays so.
   */
  mayRelease(onRecord?: boolean): Promise<Leave | undefined>;
}

/** Leave to write. It ends by itself, so that a process which was frozen has none any more when it wakes. */
export interface Leave {
  /** Asked right before a request is written to its socket: after this nothing may be waited for. */
  holds(): boolean;
}

/** Where nobody else could write. */
export const ALWAYS: Leave = { holds: () => true };

/** What one cutter saw of one scope. */
export type Sight =
  /** Every gateway refuses it. */
  | 'refused'
  /** No gateway refuses it on our behalf. */
  | 'served'
  /** Some do, some don't, or it could not be seen. */
  | 'unseen'
  /** This cutter has nothing to do with the scope. */
  | 'none';

export interface Report {
  readonly sights: ReadonlyMap<string, Sight>;
  /** What is missing until the goal is seen, in words: `gw-2 does not answer`. Empty when all is seen. */
  readonly missing: readonly string[];
  /** Changes behind our back that were found, and undone: for the ledger. */
  readonly drift: readonly string[];
  /** Writes to the system in this pass, for the ledger: `PATCH clamp: 3 routes`. */
  readonly writes: readonly string[];
  /** What these writes changed, without a secret: for the ledger. */
  readonly changed?: readonly Changed[];
  /** How many routes (keys, containers) are cut now. */
  readonly cut: number;
  /** By scope, for the reply; where it is left out, `cut` is told. */
  readonly cutOf?: ReadonlyMap<string, number>;
}
