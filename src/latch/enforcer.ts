import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { Cutter, Goal, Report } from '../cutters/cutter';
import type { Leases } from '../ledger/leases';
import type { Spool } from '../ledger/spool';
import type { Entry, State, Store } from '../ledger/store';
import { NO_SPAN, type Tracing } from '../tracing/span';
import { Driver, type PassEnd } from './driver';
import { isCut, type Latch } from './latch';
import { type OneSight, type ScopeSight, type Seen, type Since, settled, sightOf, sightOfOne } from './settle';
import { LEAVE_MS } from './turn';
import { type Aim, alone, Turn } from './turns';
import { Unexplained } from './unexplained';

export interface EnforcerOptions {
  readonly store: Store;
  readonly spool: Spool;
  readonly cutters: readonly Cutter[];
  /** The scopes that are configured. */
  readonly scopes: readonly string[];
  readonly logger: Logger;
  readonly now: Clock;
  readonly periodMs: number;
  readonly events: EnforcerEvents;
  /** Left out: no other instance shares the ledger. */
  readonly leases?: Pick<Leases, 'claim'> | undefined;
  /** Milliseconds, on a clock that nobody sets and that goes on while the process is frozen. */
  readonly monotonic?: Clock;
  /** Left out: nothing is traced. */
  readonly tracing?: Pick<Tracing, 'pass'> | undefined;
}

/** What the latches ask of every cutter. */
interface Wanted extends Aim {
  readonly severed: ReadonlySet<string>;
  /** How many stops were taken without the ledger until then: they have no number of their own yet. */
  readonly stops: number;
}

export interface EnforcerEvents {
  /** A scope has come to rest: severed or live. */
  settled(latch: Latch, sight: ScopeSight): void;
  /** Something was written to a system, on behalf of this newest order. */
  wrote(cutter: string, order: number, what: string): void;
  /** Something was changed behind our back, and undone. */
  drift(cutter: string, what: string): void;
  /** A cutter does not see its goal, or sees it again. */
  trouble(key: string, text: string): void;
  cleared(key: string, text: string): void;
  /** A scope is severing and not yet seen; asked at each report, for the last resort. */
  unsettled(latch: Latch): void;
  /** A pass at one system ended. On the way of a STOP, as the next one is: to be counted, and no more. */
  passed?(cutter: string, end: PassEnd, ms: number): void;
  /** What a pass saw, that was made for these scopes and that nothing has overtaken. */
  reported?(order: number, severed: ReadonlySet<string>, report: Report): void;
}

/** After a leave that another instance may still have had, and what it takes to write. Milliseconds. */
const AGAIN_MS = LEAVE_MS + 100;

/** So many lines wait for a ledger that is away; the oldest make room, and stand in the log alone. */
const UNWRITTEN_KEPT = 1_000;

/**
 * So long after a silence of the ledger nothing is given back where it is shared: what another instance stopped without it
 * is on paper by then. They ask once a second whether it answers. Milliseconds.
 */
const AFTER_SILENCE_MS = 5_000;

/**
 * Makes the systems match the latches, and keeps them so: compares what should be with what is at start, on every
 * order, and every few seconds. Fails towards "cut": without the ledger it cuts what it knows of and releases nothing.
 */
export class Enforcer {
  private readonly drivers: Driver<Wanted>[];
  private readonly turns: ReadonlyMap<string, Pick<Turn, 'mayCut' | 'mayRelease' | 'close'>>;
  private readonly monotonic: Clock;
  private readonly seen = new Map<string, Seen>();
  private readonly changed = new EventEmitter().setMaxListeners(0);
  private goal: Wanted;
  private stops = 0;
  /** What `stops` was at the newest of them, by scope. */
  private readonly stopped = new Map<string, number>();
  /** The latches of an instance that is alone explain everything. */
  private readonly unexplained: Unexplained | undefined;
  /** When the ledger was last found silent. Milliseconds, monotonic. */
  private silentAt = Number.NEGATIVE_INFINITY;
  private closed = false;
  private unwritten: readonly Entry[] = [];
  private writing: Promise<void> | undefined;

  constructor(private readonly options: EnforcerOptions) {
    this.monotonic = options.monotonic ?? (() => performance.now());
    this.unexplained = options.leases && new Unexplained(options.events);
    this.goal = this.currentGoal(Number.NEGATIVE_INFINITY);
    this.turns = new Map(options.cutters.map((cutter) => [cutter.name, this.turnOf(cutter)]));
    this.drivers = options.cutters.map(
      (cutter) =>
        new Driver({
          enforce: (goal, overtaken) => this.pass(cutter, goal, overtaken),
          goal: () => this.goal,
          periodMs: options.periodMs,
          ...(options.leases ? { againMs: AGAIN_MS } : {}),
          onReport: (goal, report) => this.onReport(cutter, goal, report),
          onOvertaken: (goal, report) => this.settle(this.tell(cutter.name, goal, report)),
          onPassed: (end, ms) => options.events.passed?.(cutter.name, end, ms),
          onError: (error) => options.logger.error({ err: error, cutter: cutter.name }, 'cutter failed'),
        }),
    );
    for (const cutter of options.cutters)
      this.seen.set(cutter.name, {
        cutter: cutter.name,
        required: cutter.required,
        order: -1,
        stops: 0,
        severed: new Set(),
        report: { sights: new Map(), missing: [], drift: [], writes: [], cut: 0 },
      });
  }

  start(): void {
    this.goal = this.currentGoal(Number.NEGATIVE_INFINITY);
    // What has not been seen yet is trouble, not health.
    for (const { name } of this.options.cutters)
      this.options.events.trouble(keyOf(name), `${name} has not reported yet`);
    for (const driver of this.drivers) driver.start();
  }

  /**
   * The latches may have changed. Costs nothing when they did not.
   * @param orderedAt this instance took the order, which it began to write down then. Milliseconds, monotonic.
   */
  kick(orderedAt = Number.NEGATIVE_INFINITY): void {
    const goal = this.currentGoal(orderedAt + LEAVE_MS);
    const known =
      goal.order === this.goal.order && goal.stops === this.goal.stops && sameSet(goal.severed, this.goal.severed);
    const wasOwn = this.goal.ownUntil === Number.POSITIVE_INFINITY && goal.ownUntil !== this.goal.ownUntil;
    if (known && !wasOwn && goal.ownUntil <= this.goal.ownUntil) return;
    this.goal = goal;
    for (const driver of this.drivers) driver.kick();
  }

  /** A stop was taken without the ledger: what was seen before proves nothing about it (law 5), cut already or not. */
  stop(scope: string): void {
    this.stops += 1;
    this.stopped.set(scope, this.stops);
    this.kick();
  }

  /** The ledger did not answer just now. */
  ledgerSilent(): void {
    this.silentAt = this.monotonic();
  }

  /** What the cutters see of a scope, for a latch that was set by this order. */
  sight(scope: string, cut: boolean, order: number): ScopeSight {
    return this.sightIn([...this.seen.values()], scope, cut, order);
  }

  /** What one cutter sees of a scope, for a latch that was set by this order; undefined where it has nothing to do with it. */
  sightBy(cutter: string, scope: string, cut: boolean, order: number): OneSight | undefined {
    const one = this.seen.get(cutter);
    return one && sightOfOne(scope, cut, this.since(scope, order), one);
  }

  /** Waits until the condition holds, looking at each report; at most `ms` milliseconds. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    if (condition() || ms <= 0 || this.closed) return condition();
    return new Promise<boolean>((resolve) => {
      const finish = (value: boolean): void => {
        clearTimeout(timer);
        this.changed.off('change', look);
        resolve(value);
      };
      const look = (): void => {
        if (condition()) finish(true);
        else if (this.closed) finish(false);
      };
      const timer = setTimeout(() => finish(condition()), ms);
      this.changed.on('change', look);
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.changed.emit('change');
    await Promise.all(this.drivers.map((driver) => driver.close()));
    for (const turn of this.turns.values()) turn.close();
    await Promise.all(this.options.cutters.map((cutter) => cutter.close()));
  }

  private turnOf(cutter: Cutter): Pick<Turn, 'mayCut' | 'mayRelease' | 'close'> {
    const { leases, now } = this.options;
    if (!leases) return alone;
    return new Turn({
      ...{ name: cutter.name, leases, now, monotonic: this.monotonic },
      onOvertaken: () => {
        this.options.store.refresh().then(
          () => this.kick(),
          () => undefined,
        );
      },
      onFree: () => this.drivers[this.options.cutters.indexOf(cutter)]?.look(),
    });
  }

  private currentGoal(ownUntil: number): Wanted {
    const state = this.options.store.mirror();
    const severed = new Set(cutScopes(state));
    const spooled = this.options.spool.all();
    for (const stop of spooled) severed.add(stop.request.scope);
    const own = !this.options.leases || spooled.length > 0;
    const until = own ? Number.POSITIVE_INFINITY : ownUntil;
    return { order: state?.orders ?? 0, severed, stops: this.stops, ownUntil: until };
  }

  private async pass(cutter: Cutter, wanted: Wanted, overtaken: AbortSignal): Promise<Report> {
    const span = this.options.tracing?.pass(cutter.name, wanted) ?? NO_SPAN;
    try {
      const report = await cutter.enforce({ ...this.goalFor(cutter, wanted), span }, overtaken);
      const result = overtaken.aborted ? 'overtaken' : report.missing.length === 0 ? 'seen' : 'missing';
      span.end({ 'pullcord.result': result, 'pullcord.writes': report.writes.length });
      return report;
    } catch (error) {
      span.end({ 'pullcord.result': 'failed' });
      throw error;
    }
  }

  private goalFor(cutter: Cutter, wanted: Wanted): Goal {
    const turn = this.turns.get(cutter.name) ?? alone;
    return {
      ...{ order: wanted.order, severed: wanted.severed, urgent: this.monotonic() < wanted.ownUntil },
      restoring: new Set(restoringScopes(this.options.store.mirror())),
      mayCut: () => turn.mayCut(wanted),
      mayRelease: async (onRecord = false) => {
        const [leave, agreed] = await Promise.all([turn.mayRelease(wanted), this.mayRelease(wanted)]);
        if (!leave || !agreed) return undefined;
        return onRecord || !this.unexplained?.is(cutter.name, this.options.store.mirror()) ? leave : undefined;
      },
    };
  }

  /** Law 4, in doubt nothing is given back. Law 1: asked of the ledger itself, not of what we remember. */
  private async mayRelease(goal: Wanted): Promise<boolean> {
    let state: State;
    try {
      state = await this.options.store.refresh();
    } catch {
      this.ledgerSilent();
      return false;
    }
    // Another instance may have stopped something meanwhile, and not be back to say so (law 1).
    if (this.options.leases && this.monotonic() - this.silentAt < AFTER_SILENCE_MS) return false;
    // Looked at last: a stop may have come while the ledger was asked.
    if (this.options.spool.all().length > 0 || this.goal !== goal) return false;
    const cut = cutScopes(state);
    if (!sameSet(new Set(cut), goal.severed)) {
      this.kick();
      return false;
    }
    const unknown = cut.filter((scope) => !this.options.scopes.includes(scope));
    if (unknown.length === 0) {
      this.options.events.cleared('scope-gone', 'Every scope that is severed is configured.');
      return true;
    }
    this.options.events.trouble(
      'scope-gone',
      `${unknown.join(', ')} is severed but no longer configured: nothing is released until it is configured again and restored`,
    );
    return false;
  }

  /** @returns whether the cutter has reached the goal. */
  private onReport(cutter: Cutter, goal: Wanted, report: Report): boolean {
    this.seen.set(cutter.name, {
      cutter: cutter.name,
      required: cutter.required,
      beside: cutter.beside,
      order: goal.order,
      stops: goal.stops,
      severed: goal.severed,
      report,
    });
    const entries = this.tell(cutter.name, goal, report);
    this.options.events.reported?.(goal.order, goal.severed, report);
    this.settle(entries);
    this.changed.emit('change');

    const reached = this.options.scopes.every((scope) => {
      const sight = report.sights.get(scope) ?? 'unseen';
      return sight === 'none' || sight === (goal.severed.has(scope) ? 'refused' : 'served');
    });
    if (reached) this.unexplained?.over(cutter.name);
    const key = keyOf(cutter.name);
    if (reached && report.missing.length === 0) this.options.events.cleared(key, `${cutter.name} is as it should be`);
    else this.options.events.trouble(key, `${cutter.name}: ${report.missing.join('; ') || 'not seen as it should be'}`);
    return reached;
  }

  /** What was done, for everybody who wants to hear of it, and for the ledger. */
  private tell(cutter: string, goal: Wanted, { writes, drift, changed = [] }: Report): Entry[] {
    const { order } = goal;
    for (const what of drift) this.options.events.drift(cutter, what);
    for (const what of writes) this.options.events.wrote(cutter, order, what);
    // Which incidents it belongs to: the number is that of the newest order, whatever scope that was about.
    const about = { cutter, order, severed: [...goal.severed].sort() };
    return [
      ...drift.map((what): Entry => ({ kind: 'drift', data: { ...about, what } })),
      ...writes.map((what, i): Entry => {
        const objects = i === writes.length - 1 && changed.length > 0 ? { objects: changed } : {};
        return { kind: 'write', data: { ...about, what, ...objects } };
      }),
    ];
  }

  /**
   * Writes down what was done and seen. What can't be written now is written at the next report. One writes at a time:
   * while the ledger is away no line of writers forms that a stop would have to wait in.
   */
  private settle(entries: readonly Entry[]): void {
    const seen = [...this.seen.values()];
    const latches = [...(this.options.store.mirror()?.latches.values() ?? [])];
    for (const latch of latches) if (latch.state === 'severing') this.options.events.unsettled(latch);
    for (const stop of this.unrecordedStops(seen)) this.options.events.unsettled(stop);
    this.unwritten = [...this.unwritten, ...entries].slice(-UNWRITTEN_KEPT);
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
  }

  private async write(): Promise<void> {
    try {
      for (;;) {
        const seen = [...this.seen.values()];
        const latches = [...(this.options.store.mirror()?.latches.values() ?? [])];
        const resting = latches.filter((latch) => settled(latch, seen, 0));
        const entries = this.unwritten;
        if (entries.length === 0 && resting.length === 0) return;
        const rested = await this.commit(entries, resting, seen);
        // Another instance may have been faster: what it wrote is known by now, and somebody here waits for it.
        this.changed.emit('change');
        if (entries.length === 0 && rested.length === 0) return;
        this.unwritten = this.unwritten.filter((entry) => !entries.includes(entry));
        for (const latch of rested) this.options.events.settled(latch, sightOf(latch.scope, isCut(latch), latch, seen));
        this.kick();
        this.changed.emit('change');
      }
    } catch (error) {
      this.options.logger.warn({ err: error }, 'what was seen could not be recorded yet');
    }
  }

  private async commit(entries: readonly Entry[], resting: readonly Latch[], seen: readonly Seen[]): Promise<Latch[]> {
    let rested: Latch[] = [];
    await this.options.store.commit((state) => {
      const now = this.options.now();
      rested = resting.flatMap(({ scope, order }) => {
        const latch = state.latches.get(scope);
        // Overtaken meanwhile: what was seen belongs to an older order.
        return latch?.order === order ? (settled(latch, seen, now) ?? []) : [];
      });
      return { entries: [...entries, ...rested.map((latch) => this.restEntry(latch, seen))], latches: rested };
    });
    return rested;
  }

  /** Stops that the ledger doesn't know yet and that are not seen to hold, as the latches that they will be. */
  private unrecordedStops(seen: readonly Seen[]): Latch[] {
    const order = this.options.store.mirror()?.orders ?? 0;
    return this.options.spool
      .all()
      .filter(({ request: { scope } }) => this.sightIn(seen, scope, true, order).sight !== 'refused')
      .map(({ request: { scope }, at }) => ({ scope, state: 'severing', order: order + 1, since: at }));
  }

  private sightIn(seen: readonly Seen[], scope: string, cut: boolean, order: number): ScopeSight {
    return sightOf(scope, cut, this.since(scope, order), seen);
  }

  private since(scope: string, order: number): Since {
    return { order, stops: this.stopped.get(scope) ?? 0 };
  }

  private restEntry(latch: Latch, seen: readonly Seen[]): Entry {
    const cut = isCut(latch);
    const { gateways, cut: routes } = sightOf(latch.scope, cut, latch, seen);
    return {
      kind: cut ? 'severed' : 'restored',
      data: { scope: latch.scope, order: latch.order, gateways, ...(cut ? { routes } : {}) },
    };
  }
}

const keyOf = (cutter: string): string => `cutter ${cutter}`;

const cutScopes = (state: State | undefined): string[] =>
  [...(state?.latches.values() ?? [])].filter(isCut).map((latch) => latch.scope);

const restoringScopes = (state: State | undefined): string[] =>
  [...(state?.latches.values() ?? [])].filter(({ state: is }) => is === 'restoring').map(({ scope }) => scope);

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((value) => b.has(value));
}
