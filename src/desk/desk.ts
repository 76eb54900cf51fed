import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import { scopeNames } from '../config/scope-names';
import type { Enforcer } from '../latch/enforcer';
import { isCut, type Latch } from '../latch/latch';
import { bounded } from '../ledger/bounded';
import type { Spool, SpooledStop } from '../ledger/spool';
import {
  type Committed,
  type Entry,
  type RequestOutcome,
  type State,
  type Store,
  StoreUnavailable,
} from '../ledger/store';
import type { Operator, Operators } from '../operators/operator';
import { liveLatch, type RestoreRule } from '../orders/decide';
import { type Desk, isFinal, type Outcome, type Proof, type Receipt } from '../orders/desk';
import { DRILL_PHONE, isRehearsal } from '../orders/drill';
import type { Order, OrderRequest } from '../orders/order';
import type { RefusalReason } from '../orders/reasons';
import { NO_SPAN, type Span, type Tracing } from '../tracing/span';
import { Authorities } from './authorities';
import { Correlations } from './correlations';
import { joined } from './doubt';
import { judge, type Verdict } from './judge';
import { Notes } from './notes';
import { outcomeOf, UNNUMBERED } from './outcome';
import { RefusalMeter } from './refusal-meter';
import { Uncertain } from './uncertain';

export interface DeskOptions {
  readonly config: Config;
  readonly store: Store;
  readonly spool: Spool;
  readonly enforcer: Enforcer;
  readonly operators: Operators;
  /** The operator of the drill that is under way, if one is. Left out: there are no drills. */
  readonly drillOperator?: () => Operator | undefined;
  readonly logger: Logger;
  /** Left out: nothing is traced. */
  readonly tracing?: Pick<Tracing, 'order' | 'stands' | 'waits'> | undefined;
  readonly now: Clock;
  readonly events: {
    /**
     * An order stands: hand it to the queue, tell the others. Must not throw. Comes a moment after the enforcer was set
     * off: the queue may live in this process, and its work would hold up the first write to the gateways.
     */
    accepted(order: Order): void;
    /** Something that people have to hear of, beyond the reply: a backup code was used, a stop without the ledger. */
    alarm(key: string, text: string): void;
    /** Something was refused, as a line of paper: the first of a reason, then how many more within a minute. */
    refused(refusal: Entry): void;
    /** What became of an order; undefined when the desk failed. To be counted: must not throw, must not take long. */
    placed?(request: OrderRequest, receipt: Receipt | undefined): void;
    /** Each refusal by itself. The same holds. */
    counted?(reason: RefusalReason): void;
  };
}

/** How much later the others hear of an order than the enforcer. Milliseconds; a cut is mostly seen by then. */
const TELL_AFTER_MS = 50;

/**
 * The one place through which every order goes: authorise, decide, write the latch, set the enforcer off.
 *
 * Fails towards "stop" (law 4): when the ledger does not answer within its bound, a STOP is authorised upon what is
 * known, kept in the spool and carried out at once; a RESTORE is refused.
 */
export class OrderDesk implements Desk {
  private readonly meter: RefusalMeter;
  /** Of those that the ledger has one by one, too: whoever is told is not flooded either. */
  private readonly told: RefusalMeter;
  /** Who may, for whatever else takes a code, too. */
  readonly authorities: Authorities;
  private readonly correlations = new Correlations();
  private readonly uncertain: Uncertain;
  /** Stops that this life carried out without the ledger. */
  private readonly carriedOut = new WeakSet<SpooledStop>();
  private readonly untold = new Set<() => void>();
  private readonly notes: Notes;

  constructor(private readonly options: DeskOptions) {
    this.notes = new Notes(options.store, options.logger);
    this.meter = new RefusalMeter((entries) => this.notes.add(entries));
    this.told = new RefusalMeter((entries) => entries.forEach(options.events.refused));
    this.uncertain = new Uncertain(options);
    this.authorities = new Authorities(options);
  }

  async order(request: OrderRequest, proof: Proof): Promise<Receipt> {
    const span = this.options.tracing?.order(request) ?? NO_SPAN;
    let receipt: Receipt | undefined;
    try {
      receipt = await this.take(request, proof, span);
      if (receipt.kind === 'repeated') this.options.tracing?.stands(receipt.order, span);
      return receipt;
    } finally {
      this.authorities.end(request.key);
      const why = receipt?.kind === 'refused' ? { 'pullcord.reason': receipt.refused } : {};
      span.end({ 'pullcord.result': receipt?.kind ?? 'failed', ...why });
      this.options.events.placed?.(request, receipt);
    }
  }

  private async take(request: OrderRequest, proof: Proof, span: Span): Promise<Receipt> {
    const { store, spool, config, logger } = this.options;
    // Law 3, before anything is asked of anybody; `authorise` would refuse it as well.
    if (request.action !== 'sever' && (request.source === 'tripwire' || proof.kind === 'tripwire')) {
      this.refused('not-restorable-by-tripwire', { source: request.source, correlation: request.correlation });
      return { kind: 'refused', refused: 'not-restorable-by-tripwire' };
    }
    if (!scopeNames(config).includes(request.scope) && !isRehearsal(request.scope)) {
      this.refused('unknown-scope', { source: request.source, correlation: request.correlation });
      return {
        kind: 'refused',
        refused: 'unknown-scope',
        detail: `There are: ${scopeNames(config).join(', ')}.`,
      };
    }
    let verdict: Verdict | undefined;
    let givenUp = false;
    let asked = false;
    const orderedAt = performance.now();
    /** What was known of it already, if anything. */
    const ask = async (): Promise<Receipt | undefined> => {
      // What was stopped without the ledger has to be known before anything is restored.
      if (request.action === 'restore' && spool.all().length > 0) await this.recordSpooled();
      asked = true;
      const commit = span.child('commit');
      const decided = store.commit((state) => {
        // Carried out by now: a code that has grown old in the line must not refuse it afterwards.
        if (givenUp) return undefined;
        const authorise = commit.child('authorise');
        verdict = this.judge(state, request, proof);
        authorise.end({ 'pullcord.result': verdict.receipt.kind });
        return verdict.change;
      });
      const committed = await decided.finally(() => commit.end());
      if (committed.status === 'duplicate') return this.repeated(committed.outcome);
      return verdict?.receipt.kind === 'stands' ? this.repeated({ order: verdict.receipt.order }) : undefined;
    };
    try {
      // Only a stop goes on without the ledger. A restore that was refused, and written a moment later, would happen.
      const known = await (request.action === 'sever' ? bounded(ask(), config.bounds.ledgerMs, 'the ledger') : ask());
      if (known) return known;
    } catch (error) {
      givenUp = true;
      if (request.action !== 'sever' && !(error instanceof StoreUnavailable)) throw error;
      logger.error({ err: error, correlation: request.correlation }, 'the ledger is away');
      this.notes.hold();
      if (request.action !== 'sever' && asked && (error as StoreUnavailable).inDoubt)
        return this.carryOut(await this.uncertain.settle(request), request, orderedAt, span);
      return this.withoutLedger(request, proof);
    }
    if (!verdict) throw new Error('the store committed without asking for a decision');
    const { receipt, change } = verdict;
    for (const { kind, data } of change?.entries ?? [])
      if (kind === 'refusal') this.tellRefused(data.reason as RefusalReason, data);
    // What `stands` was answered above, within the bound.
    return this.carryOut(receipt as Receipt, request, orderedAt, span);
  }

  async outcome(order: Order, waitMs: number): Promise<Outcome> {
    const { enforcer } = this.options;
    const span = this.options.tracing?.waits(order) ?? NO_SPAN;
    await enforcer.until(() => isFinal(this.outcomeNow(order)), waitMs);
    const outcome = this.outcomeNow(order);
    span.end({ 'pullcord.result': outcome.state });
    return outcome;
  }

  latches(): readonly Latch[] {
    const { store, spool, config } = this.options;
    const known = store.mirror()?.latches;
    const latches = new Map<string, Latch>(scopeNames(config).map((scope) => [scope, liveLatch(scope)]));
    for (const [scope, latch] of known ?? [])
      if (!isRehearsal(scope) || latch.state !== 'live') latches.set(scope, latch);
    for (const { request, at } of spool.all()) {
      const latch = latches.get(request.scope) ?? liveLatch(request.scope);
      if (isCut(latch)) continue;
      const seen = this.options.enforcer.sight(request.scope, true, latch.order).sight === 'refused';
      latches.set(request.scope, { ...latch, state: seen ? 'severed' : 'severing', since: at });
    }
    return [...latches.values()];
  }

  refused(reason: RefusalReason, data: Readonly<Record<string, unknown>>): void {
    this.meter.count(reason, data);
    this.tellRefused(reason, data);
  }

  /** Tells of a refusal that is on paper already. */
  tellRefused(reason: RefusalReason, data: Readonly<Record<string, unknown>>): void {
    this.options.events.counted?.(reason);
    this.told.count(reason, data);
  }

  /** What became of a request, of which the ledger did not say whether it wrote it: see `Uncertain`. */
  settle(key: string, data: Readonly<Record<string, unknown>>): Promise<RequestOutcome | undefined> {
    return this.uncertain.outcomeOf(key, data);
  }

  operatorOf(phone: string): Pick<Operator, 'name' | 'rights'> | undefined {
    const { operators, drillOperator } = this.options;
    const operator = phone === DRILL_PHONE ? drillOperator?.() : operators.byPhone(phone);
    return operator && { name: operator.name, rights: operator.rights };
  }

  /** For the log: by which message or request an order came, while it is one of the newest. */
  correlationOf(order: number): string | undefined {
    return this.correlations.get(order);
  }

  /** Puts what happened without the ledger into it, stops first. Called when the ledger answers. */
  async recordSpooled(): Promise<void> {
    const { store, spool, config, events } = this.options;
    for (const stop of spool.all()) {
      let verdict: Verdict | undefined;
      const commit = (request: OrderRequest): Promise<Committed> =>
        store.commit((state) => {
          const use = stop.use && joined(state.operators.get(stop.use.operator), stop.use);
          const authority = {
            kind: 'granted',
            by: stop.by,
            ...(use ? { use } : {}),
            ...(stop.backupCodeUsed ? { backupCodeUsed: stop.backupCodeUsed } : {}),
          } as const;
          verdict = judge(state, request, authority, this.options.now(), config.restore);
          return verdict.change;
        });
      let committed = await commit(stop.request);
      // The ledger had refused it before, under the same key, or a restore that came after it was undone by it. It was
      // carried out all the same: that is what counts.
      if (committed.status === 'duplicate' && (!('order' in committed.outcome) || this.isUndone(stop)))
        committed = await commit({ ...stop.request, key: `${stop.request.key} carried out` });
      spool.drop([stop]);
      if (committed.status === 'committed' && verdict?.receipt.kind === 'accepted')
        events.accepted(verdict.receipt.order);
    }
    this.notes.goOn();
    this.options.enforcer.kick();
  }

  /** Puts on paper what isn't an order; when the ledger is away, as soon as it is back. */
  note(...entries: Entry[]): void {
    this.notes.add(entries);
  }

  /** What is still to be recorded is written down first. */
  async close(): Promise<void> {
    this.uncertain.close();
    for (const tell of this.untold) tell();
    this.meter.flush();
    this.told.flush();
    await this.notes.close();
  }

  /** Whether it was cut for this stop, though its scope is not to be cut any more. */
  private isUndone(stop: SpooledStop): boolean {
    const latch = this.options.store.mirror()?.latches.get(stop.request.scope);
    return this.carriedOut.has(stop) && !(latch && isCut(latch));
  }

  private tellSoon(order: Order): void {
    const tell = (): void => {
      clearTimeout(timer);
      this.untold.delete(tell);
      this.options.events.accepted(order);
    };
    const timer = setTimeout(tell, TELL_AFTER_MS);
    this.untold.add(tell);
  }

  private judge(state: State, request: OrderRequest, proof: Proof): Verdict {
    const { config } = this.options;
    const now = this.options.now();
    const latch = state.latches.get(request.scope);
    // A person wants to see a stop verified again; a watcher that goes on seeing what was cut for must not go on ordering.
    if (proof.kind === 'tripwire' && latch && isCut(latch)) return { receipt: { kind: 'stands', order: latch.order } };
    const rule: RestoreRule = isRehearsal(request.scope) ? { ...config.restore, operators: 1 } : config.restore;
    return judge(state, request, this.authorities.take(state, request, proof, now), now, rule);
  }

  /** @param orderedAt when it began to be written down. Milliseconds, monotonic. */
  private carryOut(receipt: Receipt, request: OrderRequest, orderedAt: number, span: Span): Receipt {
    const { enforcer, events, logger } = this.options;
    if (receipt.kind === 'accepted') {
      this.correlations.put(receipt.order.number, request.correlation);
      this.options.tracing?.stands(receipt.order, span);
      enforcer.kick(orderedAt);
      this.tellSoon(receipt.order);
      if (receipt.order.by.startsWith('backup:'))
        events.alarm(`backup ${receipt.order.number}`, `A backup code was used to stop ${receipt.order.scope}.`);
      const { number, action, scope, by } = receipt.order;
      logger.info({ correlation: request.correlation, order: number, action, scope, by }, 'order accepted');
    } else if (receipt.kind === 'refused') {
      const { action, scope, source, correlation } = request;
      if (receipt.refused === 'unknown-sender') this.refused('unknown-sender', { action, scope, source, correlation });
      if (receipt.refused === 'code-locked')
        events.alarm(
          'code-locked',
          'Too many wrong codes: somebody is guessing, or a clock is off. RESTORE is locked.',
        );
      if (receipt.refused === 'clock-in-doubt') events.alarm('clock', 'The clock went back: codes cannot be trusted.');
      logger.warn({ correlation: request.correlation, reason: receipt.refused }, 'order refused');
    }
    return receipt;
  }

  private withoutLedger(request: OrderRequest, proof: Proof): Receipt {
    const { store, spool, enforcer, events } = this.options;
    const refuse = (refused: RefusalReason, detail?: string): Receipt => {
      const { action, scope, source, correlation } = request;
      this.refused(refused, { action, scope, source, correlation });
      return { kind: 'refused', refused, ...(detail === undefined ? {} : { detail }) };
    };
    if (request.action !== 'sever') return refuse('ledger-unavailable');
    const earlier = spool.all().find((stop) => stop.request.key === request.key);
    if (earlier) return { kind: 'repeated', order: unnumbered(request, earlier.by, earlier.at) };
    const at = this.options.now();
    const authority = this.authorities.of(store.mirror(), request, proof, at);
    if (authority.use) this.authorities.note(authority.use);
    if (authority.kind === 'refused') return refuse(authority.refused, authority.detail);
    const { by, use, backupCodeUsed } = authority;
    const stop = { request, by, at, ...(use ? { use } : {}), ...(backupCodeUsed ? { backupCodeUsed } : {}) };
    spool.add(stop);
    this.carriedOut.add(stop);
    enforcer.stop(request.scope);
    const who = by.startsWith('backup:') ? ', by a backup code' : '';
    events.alarm(
      `ledger ${request.key}`,
      `STOP of ${request.scope} was carried out${who}, without the ledger, which does not answer.`,
    );
    return { kind: 'accepted', order: unnumbered(request, by, at) };
  }

  /** What the first request with this key led to. */
  private async repeated(outcome: RequestOutcome): Promise<Receipt> {
    if ('pending' in outcome) return { kind: 'pending', ...outcome.pending };
    if ('refused' in outcome) return { kind: 'refused', ...outcome };
    if ('permit' in outcome) return { kind: 'refused', refused: 'key-reused' };
    const order = await this.options.store.order(outcome.order);
    if (!order) throw new StoreUnavailable(`order ${outcome.order} is not in the ledger's store`);
    return { kind: 'repeated', order };
  }

  private outcomeNow(order: Order): Outcome {
    const { store, spool, enforcer, now } = this.options;
    const state = store.mirror();
    const latch = state?.latches.get(order.scope) ?? liveLatch(order.scope);
    // Without a number it follows upon all that the ledger knows.
    const since = order.number === UNNUMBERED ? (state?.orders ?? 0) : order.number;
    const sight = enforcer.sight(order.scope, order.action === 'sever', since);
    const spooled = spool.all().some((stop) => stop.request.key === order.key);
    return outcomeOf({ order, latch, sight, spooled, now: now() });
  }
}

const unnumbered = (request: OrderRequest, by: string, at: number): Order => ({
  ...request,
  by,
  at,
  number: UNNUMBERED,
});
