import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { FallbackConfig } from '../config/fallback';
import type { Config } from '../config/schema';
import { type AuthoriseOptions, authorise } from '../desk/authorise';
import type { Enforcer } from '../latch/enforcer';
import type { Latch } from '../latch/latch';
import { type Change, type Committed, type State, type Store, StoreUnavailable } from '../ledger/store';
import { liveLatch } from '../orders/decide';
import type { Proof } from '../orders/desk';
import type { Source } from '../orders/order';
import type { Refusal, RefusalReason } from '../orders/reasons';
import type { FallbackView } from './cutter';
import type { Act } from './decide';
import { holdersOf } from './holders';
import { type Permit, type Standing, standingOf } from './permit';
import type { Health } from './window';

/** One wish of a person or a program, as a door hands it in. */
export interface FallbackWish {
  /** Names it for ever: the same key is the same wish. */
  readonly key: string;
  readonly fallback: string;
  /** `fallback`: go over. `primary`: go back, and stay there until the primary was seen well. */
  readonly wish: 'fallback' | 'primary';
  readonly source: Source;
  readonly correlation: string;
  readonly reason?: string;
}

export type FallbackReceipt =
  | { readonly kind: 'decided'; readonly permit: Permit }
  /** The same key came before. */
  | { readonly kind: 'repeated'; readonly fallback: string; readonly order: number }
  | ({ readonly kind: 'refused' } & Refusal);

/** How one fallback stands, and what is seen of it. */
export interface FallbackNow extends Standing {
  readonly name: string;
  /** What every gateway node deals out to. */
  readonly seen: FallbackView['seen'];
  readonly missing: readonly string[];
}

export interface FallbacksOptions {
  readonly config: Pick<Config, 'fallbacks' | 'scopes'> & AuthoriseOptions['config'];
  readonly operators: AuthoriseOptions['operators'];
  readonly store: Store;
  readonly enforcer: Pick<Enforcer, 'kick' | 'until'>;
  readonly view: (fallback: string) => FallbackView | undefined;
  /** Of the primary, as it is seen now. */
  readonly health: (fallback: string) => Health | undefined;
  /** Puts stops that were carried out without the ledger into it: they have to be known before anything is permitted. */
  readonly recordStops: () => Promise<void>;
  readonly now: Clock;
  readonly logger: Logger;
  readonly events: {
    /** Something was decided, by whomever. Must not throw. */
    decided(permit: Permit, before: Standing): void;
    refused(reason: RefusalReason, data: Readonly<Record<string, unknown>>): void;
  };
}

const WATCHER = 'watcher';

/**
 * What is decided about fallbacks: by people and programs through every door, and by the watcher. Every decision is a
 * compare-and-set in the ledger with a number of its own, so that of several instances one decides. Fails towards
 * `primary`: to permit takes a person with a fresh code, or a configuration that says `auto` (law 3); nothing permits
 * past a latch (law 2).
 */
export class Fallbacks {
  constructor(private readonly options: FallbacksOptions) {}

  async order(wish: FallbackWish, proof: Proof): Promise<FallbackReceipt> {
    const config = this.configOf(wish.fallback);
    if (!config) return this.refuse({ refused: 'no-fallback' }, wish);
    // The tripwire has no wish about fallbacks: it severs.
    if (proof.kind === 'tripwire') return this.refuse({ refused: 'not-restorable-by-tripwire' }, wish);
    let receipt: FallbackReceipt | undefined;
    let before: Standing | undefined;
    const decideUpon = (state: State): Change | undefined => {
      before = this.standingIn(state, wish.fallback);
      const judged = this.judge(state, config, before, wish, proof);
      receipt = judged.receipt;
      return judged.change;
    };
    let committed: Committed;
    try {
      if (wish.wish === 'fallback') await this.options.recordStops();
      committed = await this.options.store.commit(decideUpon);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return this.refuse({ refused: 'ledger-unavailable' }, wish);
    }
    if (committed.status === 'duplicate') return this.repeated(committed.outcome, wish);
    if (!receipt || !before) throw new Error('the store committed without asking for a decision');
    if (receipt.kind === 'refused') return this.refuse(receipt, wish);
    if (receipt.kind === 'decided') this.decided(receipt.permit, before);
    return receipt;
  }

  /**
   * What the watcher does by itself, if it still is to be done upon the newest state.
   * @param act decided afresh upon that state. @throws StoreUnavailable
   */
  async act(name: string, why: string, act: (standing: Standing) => Act | undefined): Promise<Permit | undefined> {
    let permit: Permit | undefined;
    let before: Standing | undefined;
    await this.options.store.commit((state) => {
      before = this.standingIn(state, name);
      const now = this.options.now();
      const chosen = act(before);
      permit = chosen && {
        ...permitOf(chosen, before),
        fallback: name,
        order: state.orders + 1,
        since: now,
        by: WATCHER,
        why,
      };
      return permit && { entries: [entryOf(permit)], permit };
    });
    if (permit && before) this.decided(permit, before);
    return permit;
  }

  standing(name: string): Standing {
    return this.standingIn(this.options.store.mirror(), name);
  }

  all(): readonly FallbackNow[] {
    return Object.keys(this.options.config.fallbacks).map((name) => {
      const { seen = 'unseen', missing = [] } = this.options.view(name) ?? {};
      return { name, ...this.standing(name), seen, missing };
    });
  }

  /** Waits until the gateways are seen to do what this decision, or a later one, says. Milliseconds. */
  async seen(name: string, order: number, waitMs: number): Promise<boolean> {
    const there = (): boolean => {
      const view = this.options.view(name);
      const wanted = this.standing(name).state === 'fallback' ? 'fallback' : 'primary';
      return view !== undefined && view.order >= order && view.seen === wanted;
    };
    return this.options.enforcer.until(there, waitMs);
  }

  private configOf(name: string): FallbackConfig | undefined {
    const { fallbacks } = this.options.config;
    return Object.hasOwn(fallbacks, name) ? fallbacks[name] : undefined;
  }

  private standingIn(state: State | undefined, name: string): Standing {
    const holders = [...holdersOf(this.options.config, name)].map(
      (scope): Latch => state?.latches.get(scope) ?? liveLatch(scope),
    );
    return standingOf(state?.permits.get(name), holders, this.options.now());
  }

  private judge(
    state: State,
    config: FallbackConfig,
    standing: Standing,
    wish: FallbackWish,
    proof: Proof,
  ): { readonly receipt: FallbackReceipt; readonly change?: Change } {
    const now = this.options.now();
    // To permit is to give back: it takes what a restore takes. To take back is open to whoever may stop.
    const action = wish.wish === 'fallback' ? 'restore' : 'sever';
    const authority = authorise(this.options, state, action, proof, now);
    const { key, fallback, source, correlation, reason: why = 'ordered' } = wish;
    const by = authority.by;
    const used = {
      ...(authority.use ? { operators: [authority.use] } : {}),
      ...(authority.kind === 'granted' && authority.backupCodeUsed
        ? { backupCodesUsed: [authority.backupCodeUsed] }
        : {}),
    };
    const refuse = (refusal: Refusal) => ({
      receipt: { kind: 'refused', ...refusal } as const,
      change: {
        entries: [
          {
            kind: 'refusal',
            data: { fallback, wish: wish.wish, source, correlation, ...(by ? { by } : {}), reason: refusal.refused },
          } as const,
        ],
        request: { key, outcome: refusal },
        ...used,
      },
    });
    if (authority.kind === 'refused') {
      if (authority.refused === 'unknown-sender') return { receipt: { kind: 'refused', refused: 'unknown-sender' } };
      const { refused, detail } = authority;
      return refuse({ refused, ...(detail === undefined ? {} : { detail }) });
    }
    if (wish.wish === 'fallback' && config.decide === 'never')
      return refuse({ refused: 'fallback-forbidden', detail: `fallbacks.${fallback}.decide is never.` });
    if (wish.wish === 'fallback' && standing.state === 'forbidden')
      return refuse({ refused: 'fallback-forbidden', detail: `Severed: ${standing.forbiddenBy.join(', ')}.` });
    const order = state.orders + 1;
    const permit: Permit = {
      ...{ fallback, order, since: now, by: authority.by, why },
      ...(wish.wish === 'primary'
        ? { state: 'primary', held: true }
        : {
            state: 'fallback',
            until: now + config.forSeconds * 1000,
            ...(this.options.health(fallback) === 'down' ? { whileDown: true } : {}),
          }),
    };
    return {
      receipt: { kind: 'decided', permit },
      change: {
        entries: [entryOf(permit, { source, correlation })],
        permit,
        request: { key, outcome: { permit: order } },
        ...used,
      },
    };
  }

  private repeated(
    outcome: Extract<Committed, { status: 'duplicate' }>['outcome'],
    wish: FallbackWish,
  ): FallbackReceipt {
    if ('refused' in outcome) return { kind: 'refused', ...outcome };
    if ('permit' in outcome) return { kind: 'repeated', fallback: wish.fallback, order: outcome.permit };
    return { kind: 'refused', refused: 'key-reused' };
  }

  private decided(permit: Permit, before: Standing): void {
    const { fallback, state, order, by, why } = permit;
    this.options.logger.info({ fallback, state, order, by, why }, 'decided about a fallback');
    this.options.enforcer.kick();
    this.options.events.decided(permit, before);
  }

  private refuse(refusal: Refusal, { fallback, wish, source, correlation }: FallbackWish): FallbackReceipt {
    this.options.events.refused(refusal.refused, { fallback, wish, source, correlation });
    return { kind: 'refused', ...refusal };
  }
}

function permitOf(act: Act, { permit }: Standing): Pick<Permit, 'state' | 'until' | 'whileDown' | 'held'> {
  switch (act.kind) {
    case 'go-over':
      return { state: 'fallback', until: act.until, whileDown: true };
    case 'ask':
      return { state: 'asked' };
    case 'go-back':
      // Used up: it isn't begun anew by itself as long as the primary is down.
      return act.why === 'well' || permit?.state !== 'fallback'
        ? { state: 'primary' }
        : { state: 'primary', held: true };
  }
}

function entryOf(permit: Permit, about: Readonly<Record<string, unknown>> = {}) {
  const { fallback, state, order, by, why, until } = permit;
  const data = { fallback, state, number: order, by, why, ...about };
  return {
    kind: 'fallback',
    data: until === undefined ? data : { ...data, until: new Date(until).toISOString() },
  } as const;
}
