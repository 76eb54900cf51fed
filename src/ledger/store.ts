import type { Permit } from '../fallback/permit';
import type { Latch } from '../latch/latch';
import type { Order } from '../orders/order';
import type { Refusal } from '../orders/reasons';

/** What an operator's codes have been used for: kept by compare-and-set, so that a code is accepted once. */
export interface OperatorUse {
  readonly operator: string;
  /** The newest RFC 6238 time step that was accepted; -1 when none ever was. */
  readonly lastStep: number;
  /** When wrong codes came in. Epoch, in milliseconds; at most the newest 50. */
  readonly failures: readonly number[];
}

/** All that a decision needs, as of one line of the ledger. Small: a few scopes, a few operators. */
export interface State {
  /** The newest line: a change is committed only upon it. `at` is the latest time of any line; epoch, in milliseconds. */
  readonly head: { readonly seq: number; readonly at: number; readonly hash: string };
  /** The newest order's number; 0 when there is none. */
  readonly orders: number;
  readonly latches: ReadonlyMap<string, Latch>;
  /** What was decided last about each fallback. */
  readonly permits: ReadonlyMap<string, Permit>;
  readonly operators: ReadonlyMap<string, OperatorUse>;
  /** Ids of the backup codes that were used. */
  readonly backupCodesUsed: ReadonlySet<string>;
}

/** One line of paper, without a secret in it. */
export interface Entry {
  readonly kind: EntryKind;
  readonly data: Readonly<Record<string, unknown>>;
}

export type EntryKind =
  | 'order'
  | 'refusal'
  /** The tripwire tripped, or would have, or warned: with its figures. */
  | 'tripped'
  | 'warned'
  | 'request'
  | 'severed'
  | 'restored'
  | 'write'
  | 'drift'
  | 'trouble'
  /** A fallback was permitted, taken back or asked for. */
  | 'fallback'
  /** A drill began, or ended, and how. */
  | 'drill'
  | 'reply'
  /** A program asked to be told of events, or is told no more. */
  | 'subscription'
  /** A person signed in at the console, or signed out. */
  | 'session'
  | 'start'
  | 'stop';

/** A line as it is kept. `hash` = HMAC-SHA256(key, previous hash, canonical JSON of seq, at, kind, data). */
export interface Line extends Entry {
  readonly seq: number;
  /** Epoch, in milliseconds. */
  readonly at: number;
  readonly hash: string;
}

/** All that one decision changes; it becomes true at once and as a whole, or not at all. */
export interface Change {
  readonly entries: readonly Entry[];
  readonly latches?: readonly Latch[];
  /** Its number has to be `state.orders + 1`; never together with an order. */
  readonly permit?: Permit;
  readonly operators?: readonly OperatorUse[];
  readonly backupCodesUsed?: readonly string[];
  /** Its number has to be `state.orders + 1`. */
  readonly order?: Order;
  /** Taken once, durably. A second change with the same key is a duplicate. `outcome` is what the first one answered. */
  readonly request?: { readonly key: string; readonly outcome: RequestOutcome };
}

export type Committed =
  | { readonly status: 'committed'; readonly state: State }
  | { readonly status: 'duplicate'; readonly outcome: RequestOutcome };

/** What a request led to: its answer when it is repeated. */
export type RequestOutcome =
  | { readonly order: number }
  /** A decision about a fallback, by its number. */
  | { readonly permit: number }
  | { readonly pending: { readonly scope: string; readonly operator: string; readonly withinSeconds: number } }
  | Refusal;

export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';

  constructor(
    message: string,
    /** What was to be written went out, and may have been written, or may still be. */
    readonly inDoubt = false,
  ) {
    super(message);
  }
}

/**
 * The ledger and the tables that follow from it, on PGlite or Postgres.
 *
 * `commit` is a compare-and-set on the ledger's head: it decides upon the mirrored state, and when another instance
 * was faster it reads afresh and decides again. Every call is bounded in time and throws `StoreUnavailable` beyond.
 */
export interface Store {
  /** The state as last seen, without any I/O. Undefined until it was read for the first time. */
  mirror(): State | undefined;
  /** Reads the state afresh. */
  refresh(): Promise<State>;
  /** Decides and writes. `decide` may run several times; a decision of `undefined` writes nothing. */
  commit(decide: (state: State) => Change | undefined): Promise<Committed>;
  order(number: number): Promise<Order | undefined>;
  orders(query: { readonly scope?: string; readonly limit: number }): Promise<readonly Order[]>;
  /** Orders whose sender still waits for a result. */
  unanswered(): Promise<readonly Order[]>;
  answered(order: number): Promise<void>;
  /** In the order of their numbers: those that follow `after`, or the newest when it is left out. */
  lines(query: LineQuery): Promise<readonly Line[]>;
  saveSnapshot(snapshot: Snapshot): Promise<void>;
  snapshots(gateway: string): Promise<readonly Snapshot[]>;
  dropSnapshot(gateway: string, route: string): Promise<void>;
  /** What a cutter remembers over a restart. Kept encrypted. */
  recall(name: string): Promise<unknown>;
  remember(name: string, value: unknown): Promise<void>;
  close(): Promise<void>;
}

export interface LineQuery {
  readonly after?: number;
  readonly limit: number;
  /** Left out: all. */
  readonly kinds?: readonly EntryKind[];
}

/** A route as it was before it was rewritten, and as Pullcord rewrote it. Kept encrypted: it holds provider keys. */
export interface Snapshot {
  readonly gateway: string;
  readonly route: string;
  readonly before: Readonly<Record<string, unknown>>;
  readonly written: Readonly<Record<string, unknown>>;
}
