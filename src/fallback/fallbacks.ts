import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { FallbackConfig } from '../config/fallback';
import type { Config } from '../config/schema';
import type { OrderDesk } from '../desk/desk';
import type { Enforcer } from '../latch/enforcer';
import { type Change, type Committed, type State, type Store, StoreUnavailable } from '../ledger/store';
import type { Proof } from '../orders/desk';
import type { Source } from '../orders/order';
import type { Refusal } from '../orders/reasons';
import type { FallbackView } from './cutter';
import type { Act } from './decide';
import { standingIn } from './holders';
import type { Permit, Standing } from './permit';
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
  readonly config: Pick<Config, 'fallbacks' | 'scopes'>;
  readonly store: Store;
  readonly enforcer: Pick<Enforcer, 'kick' | 'until'>;
  /** Who may, what was stopped without the ledger, and what is told of refusals: as of orders. */
  readonly desk: Pick<OrderDesk, 'authorities' | 'recordSpooled' | 'refused' | 'settle' | 'tellRefused'>;
  readonly view: (fallback: string) => FallbackView | undefined;
  /** Of the primary, as it is seen now. */
  readonly health: (fallback: string) => Health | undefined;
  readonly now: Clock;
  readonly logger: Logger;
  /** Something was decided, by whomever. Must not throw. */
  readonly decided: (permit: Permit, before: Standing) => void;
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
    try {
      return await this.take(wish, proof);
    } finally {
      this.options.desk.authorities.end(wish.key);
    }
  }

  private async take(wish: FallbackWish, proof: Proof): Promise<FallbackReceipt> {
    const { desk, store } = this.options;
    const config = this.configOf(wish.fallback);
    if (!config) return this.refuse({ refused: 'no-fallback' }, wish);
    // The tripwire has no wish about fallbacks: it severs.
    if (proof.kind === 'tripwire') return this.refuse({ refused: 'not-restorable-by-tripwire' }, wish);
    let judged: ReturnType<Fallbacks['judge']> | undefined;
    let before: Standing | undefined;
    let committed: Committed;
    try {
      // What was stopped without the ledger has to be known before anything is permitted.
      if (wish.wish === 'fallback') await desk.recordSpooled();
      committed = await store.commit((state) => {
        before = this.standingIn(state, wish.fallback);
        judged = this.judge(state, config, before, wish, proof);
        return judged.change;
      });
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return judged && before && error.inDoubt ? this.uncertain(wish, before) : this.refuse(AWAY, wish);
    }
    if (committed.status === 'duplicate') return this.repeated(committed.outcome, wish);
    if (!judged || !before) throw new Error('the store committed without asking for a decision');
    const { receipt, change } = judged;
    if (receipt.kind === 'decided') this.decided(receipt.permit, before);
    // A stranger's is counted alone; of all others the line is written.
    else if (receipt.kind === 'refused' && !change) return this.refuse(receipt, wish);
    else if (receipt.kind === 'refused') desk.tellRefused(receipt.refused, aboutOf(wish));
    return receipt;
  }

  /** Law 4: nobody is told "refused" of what may still happen. */
  private async uncertain(wish: FallbackWish, before: Standing): Promise<FallbackReceipt> {
    const { desk, store } = this.options;
    const outcome = await desk.settle(wish.key, aboutOf(wish));
    if (!outcome) return this.refuse({ ...AWAY, detail: 'Whether it was taken is not known yet.' }, wish);
    const receipt = this.repeated(outcome, wish);
    const permit = (await store.refresh()).permits.get(wish.fallback);
    if (receipt.kind !== 'repeated' || permit?.order !== receipt.order) return receipt;
    this.decided(permit, before);
    return { kind: 'decided', permit };
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
    return standingIn(state, this.options.config, name, this.options.now());
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
    const { key, fallback, source, correlation, reason: why = 'ordered' } = wish;
    const authority = this.options.desk.authorities.take(state, { key, action, scope: fallback }, proof, now);
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
          { kind: 'refusal', data: { ...aboutOf(wish), ...(by ? { by } : {}), reason: refusal.refused } } as const,
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
    this.options.decided(permit, before);
  }

  private refuse(refusal: Refusal, wish: FallbackWish): FallbackReceipt {
    this.options.desk.refused(refusal.refused, aboutOf(wish));
    return { kind: 'refused', ...refusal };
  }
}

const AWAY = { refused: 'ledger-unavailable' } as const satisfies Refusal;

/** For paper and the log. */
const aboutOf = ({ fallback, wish, source, correlation }: FallbackWish) => ({ fallback, wish, source, correlation });

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
