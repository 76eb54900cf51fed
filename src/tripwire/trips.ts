import type { Logger } from 'pino';
import { isCut } from '../latch/latch';
import type { Entry } from '../ledger/store';
import type { Notice } from '../notify/channel';
import { outcomeText } from '../notify/outcome-text';
import { type Desk, isFinal, type Receipt } from '../orders/desk';
import { type Order, TRIPWIRE } from '../orders/order';
import { Episodes, nameOf } from './episodes';
import { explain, type Telling } from './explain';
import { figuresOf } from './figures';
import type { Signal } from './signal';
import type { Subjects } from './subjects';
import { costs, settledText, trippedText, warnedText, wouldText } from './texts';

export interface TripsOptions {
  readonly mode: 'act' | 'observe';
  readonly timeZone: string;
  readonly subjects: Subjects;
  readonly desk: Pick<Desk, 'order' | 'outcome' | 'latches'>;
  /** Puts a line on paper, now or when the ledger is back. Must not throw. */
  readonly note: (entry: Entry) => void;
  /** Must not throw. */
  readonly tell: (notice: Omit<Notice, 'at'>) => void;
  /** What people have to hear of beyond a trip. Must not throw. */
  readonly alarm: (key: string, text: string) => void;
  /** A trip or a warning begins. Must not throw. */
  readonly began?: ((signal: Signal) => void) | undefined;
  readonly logger: Logger;
}

/** How far it is is told once, when it isn't over after so long. */
const INTERIM_MS = 15_000;
/** How long a wait for the end lasts at most before it looks again. */
const LOOK_MS = 60_000;

/**
 * What follows from a signal: a warning is told, a trip is an order like every other. Fails towards "cut": an order that
 * the desk did not take is given again at the next look. It never restores.
 */
export class Trips {
  readonly episodes = new Episodes();
  /** Scopes for which an order is on its way. */
  private readonly ordering = new Set<string>();
  /** Trips that the desk did not take, by scope. */
  private readonly owed = new Map<string, Signal>();
  private closed = false;

  constructor(private readonly options: TripsOptions) {}

  /** What one look brought. Whoever trips is not warned of. */
  take(signals: readonly Signal[]): void {
    const trips = signals.filter((signal) => this.isTrip(signal));
    for (const signal of trips) this.trip(signal, [this.options.subjects.scopeOf(signal.subject)]);
    for (const signal of signals) if (!trips.includes(signal)) this.warn(signal);
  }

  /** Nothing could be seen for too long: all that a trip may sever. */
  blind(signal: Signal): void {
    this.trip(signal, this.options.subjects.scopes());
  }

  /** Gives orders again that were not taken. To be called at each look. */
  retry(): void {
    for (const [scope, signal] of [...this.owed]) this.cut(scope, signal);
  }

  /** What is under way goes on without a word. */
  close(): void {
    this.closed = true;
  }

  private isTrip({ level, rule, subject }: Signal): boolean {
    return level === 'trip' && (rule === 'blind' || this.options.subjects.severs(subject));
  }

  private trip(signal: Signal, scopes: readonly string[]): void {
    const begins = this.episodes.begins(signal);
    if (begins) this.options.began?.(signal);
    if (this.options.mode === 'observe') {
      if (begins) for (const scope of scopes) this.would(scope, signal);
      return;
    }
    for (const scope of scopes) this.cut(scope, signal);
  }

  private would(scope: string, signal: Signal): void {
    const { note, tell, logger } = this.options;
    const told = this.tellingOf(signal);
    logger.warn({ scope, rule: signal.rule, subject: nameOf(signal.subject) }, `would cut: ${told.line}`);
    note({ kind: 'tripped', data: { ...told.figures, scope, mode: 'observe', would: `have cut: ${told.line}` } });
    tell({
      ...{
        kind: 'would-trip',
        scope,
        text: `${scope} would have been cut, but the tripwire observes only. ${told.line}`,
      },
      ...{ figures: told.figures, sms: wouldText(scope, signal, told.telling) },
    });
  }

  private warn(signal: Signal): void {
    if (!this.episodes.begins({ ...signal, level: 'warn' })) return;
    this.options.began?.({ ...signal, level: 'warn' });
    const { note, tell, logger, subjects } = this.options;
    const scope = subjects.scopeOf(signal.subject);
    const told = this.tellingOf({ ...signal, level: 'warn' });
    logger.warn({ scope, rule: signal.rule, subject: nameOf(signal.subject) }, told.line);
    note({ kind: 'warned', data: { ...told.figures, scope, why: told.line } });
    tell({
      ...{ kind: 'warned', scope, text: told.line },
      ...{ figures: told.figures, sms: warnedText(scope, signal, told.telling) },
    });
  }

  private cut(scope: string, signal: Signal): void {
    const { desk, logger, alarm } = this.options;
    const latch = desk.latches().find((one) => one.scope === scope);
    if (this.ordering.has(scope) || (latch && isCut(latch))) {
      this.owed.delete(scope);
      return;
    }
    const { line } = this.tellingOf(signal);
    this.ordering.add(scope);
    this.owed.set(scope, signal);
    const correlation = `tripwire-${signal.at}-${scope}`;
    const request = {
      ...({ key: `tripwire:${scope}:${nameOf(signal.subject)}:${signal.at}`, action: 'sever', scope } as const),
      ...{ source: TRIPWIRE, reason: line, correlation },
    };
    desk
      .order(request, { kind: 'tripwire' })
      .then((receipt) => this.taken(scope, signal, receipt))
      .catch((error) => {
        logger.error({ err: error, scope, correlation }, 'the desk did not take a trip; it is given again');
        alarm(`tripwire desk ${scope}`, `The tripwire could not cut ${scope}, and tries again. Text CUT and a code.`);
      })
      .finally(() => this.ordering.delete(scope));
  }

  private taken(scope: string, signal: Signal, receipt: Receipt): void {
    if (receipt.kind === 'refused' || receipt.kind === 'pending')
      throw new Error(`a trip was not accepted: ${receipt.kind === 'refused' ? receipt.refused : receipt.kind}`);
    this.owed.delete(scope);
    // It stood already, by somebody else's order or another instance's: they tell of it.
    if (receipt.kind === 'repeated') return;
    const { order } = receipt;
    const { note, tell, logger } = this.options;
    const told = this.tellingOf(signal);
    const { number, correlation } = order;
    logger.error({ scope, order: number, correlation, rule: signal.rule, subject: nameOf(signal.subject) }, told.line);
    note({ kind: 'tripped', data: { ...told.figures, scope, order: number, mode: 'act', why: told.line } });
    tell({
      ...{ kind: 'tripped', scope, order: number, text: `${scope} is being severed. ${told.line}` },
      ...{ figures: told.figures, sms: trippedText(scope, signal, told.telling) },
    });
    this.follow(order, signal).catch((error) =>
      logger.error({ err: error, order: number }, 'how a trip went was not told'),
    );
  }

  /** Tells all operators how it went, when it is over. */
  private async follow(order: Order, signal: Signal): Promise<void> {
    const { desk, tell } = this.options;
    let outcome = await desk.outcome(order, INTERIM_MS);
    const say = (): void =>
      tell({
        ...{ kind: 'trip-settled', scope: order.scope, order: order.number },
        text: [outcomeText(order, outcome), costs(signal)].filter(Boolean).join(' '),
        figures: {
          ...this.tellingOf(signal).figures,
          state: outcome.state,
          ms: outcome.ms,
          gateways: outcome.gateways,
        },
        sms: settledText(order, outcome, signal),
      });
    if (!isFinal(outcome) && !this.closed) say();
    while (!isFinal(outcome) && !this.closed) outcome = await desk.outcome(order, LOOK_MS);
    if (!this.closed) say();
  }

  private tellingOf(signal: Signal) {
    const { subjects, timeZone } = this.options;
    const telling: Telling = { name: subjects.nameOf(signal.subject), timeZone };
    return { telling, line: explain(signal, telling), figures: figuresOf(signal, telling.name) };
  }
}
