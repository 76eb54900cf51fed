import type { Right, TokenRight } from '../config/schema';
import type { Latch, LatchState } from '../latch/latch';
import type { Order, OrderRequest } from './order';
import type { Refusal, RefusalReason } from './reasons';

/** What a door brings along to show who orders. */
export type Proof =
  /** A text message: the number that it came from, and the digits in it, if any. */
  | {
      readonly kind: 'phone';
      readonly phone: string;
      readonly code?: string;
      /** The whole message was an opt-out word, as STOP alone is: no reply can be texted. */
      readonly bare?: true;
    }
  /** A person by name, with the digits. */
  | { readonly kind: 'operator'; readonly operator: string; readonly code?: string }
  /** A bearer token, already checked. It can stop, never restore (law 3). */
  | { readonly kind: 'token'; readonly token: string; readonly rights: readonly (Right | TokenRight)[] }
  /**
   * Somebody who is signed in at the console, already checked: an operator, or whom the identity provider named. Can
   * stop, never restore (law 3).
   */
  | { readonly kind: 'session'; readonly by: string; readonly rights: readonly Right[] }
  /** The tripwire, which is part of this program. It can stop, never restore (law 3). */
  | { readonly kind: 'tripwire' };

/** How an order stands. */
export interface Outcome {
  /** `overtaken` when a later order came first. */
  readonly state: 'severing' | 'severed' | 'restoring' | 'live' | 'overtaken';
  /** From acceptance until it was seen, or until now. Milliseconds. */
  readonly ms: number;
  /** Routes that are cut now. */
  readonly cut: number;
  /** How many gateways were seen. */
  readonly gateways: number;
  /** What is missing until it is seen, in words. */
  readonly missing: readonly string[];
  /** When it was overtaken: the scope's newest order, and how the scope stands under that one. */
  readonly overtakenBy?: { readonly order: number; readonly state: LatchState };
}

/** Whether nothing more is to come of the order. */
export const isFinal = ({ state }: Outcome): boolean =>
  state === 'severed' || state === 'live' || state === 'overtaken';

export type Receipt =
  | { readonly kind: 'accepted'; readonly order: Order }
  /** The same key came before: this is the order that it made. */
  | { readonly kind: 'repeated'; readonly order: Order }
  /** A RESTORE that needs one more operator. */
  | { readonly kind: 'pending'; readonly scope: string; readonly operator: string; readonly withinSeconds: number }
  | ({ readonly kind: 'refused' } & Refusal);

/** The one place through which every door's orders go: authorise, decide, write the latch, set the enforcer off. */
export interface Desk {
  order(request: OrderRequest, proof: Proof): Promise<Receipt>;
  /** Waits until the order is settled (seen, or overtaken), at most so long; then says how it stands. */
  outcome(order: Order, waitMs: number): Promise<Outcome>;
  latches(): readonly Latch[];
  /** Puts a refusal that a door made on its own into the ledger; floods are counted, not written one by one. */
  refused(reason: RefusalReason, data: Readonly<Record<string, unknown>>): void;
  /** Whether this number belongs to an operator, and to whom. */
  operatorOf(phone: string): { readonly name: string; readonly rights: readonly Right[] } | undefined;
}
