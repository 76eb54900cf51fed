import type { Logger } from 'pino';
import type { Clock } from '../clock';
import { type Config, defaultScope } from '../config/schema';
import type { Tripwire, TripwireSource } from '../config/tripwire';
import type { Entry } from '../ledger/store';
import type { Alarms } from '../notify/alarms';
import type { Desk } from '../orders/desk';
import { Budgets } from './budgets';
import { Detection, WHOLE } from './detection';
import { createGateways, type RoutesOf } from './gateway';
import { type NamedHistory, SpendHistory } from './history';
import type { Cost, CostOf } from './history/cost';
import type { SpanName } from './history/spans';
import { Known } from './known';
import { LookSignals } from './look-signals';
import { Pulse, type SpendSummary } from './pulse';
import { readinessOf, type TripwireReadiness } from './readiness';
import type { Increment } from './reading';
import { remembering } from './remembering';
import { Restores } from './restores';
import type { Look } from './scrape/look';
import { createSource, type Source } from './scrape/source';
import type { Ceiling } from './settings';
import { settingsOf } from './settings-of';
import type { Signal } from './signal';
import { type Spend, spendNow } from './spend';
import { Subjects } from './subjects';
import { Sums } from './sums';
import { Trips } from './trips';
import { Watch } from './watch';

export interface TripwireOptions {
  readonly config: Config;
  readonly desk: Pick<Desk, 'order' | 'outcome' | 'latches'> & { note(entry: Entry): void };
  readonly alarms: Pick<Alarms, 'raise' | 'tell'>;
  /** Something lasts that has to be mended, and is over. Must not throw. */
  readonly trouble: (key: string, text: string) => void;
  readonly cleared: (key: string, text: string) => void;
  /** The routes of a scope, as each gateway was last seen to have them. */
  readonly routesOf?: RoutesOf;
  /** Ceilings that hold for everybody just now. */
  readonly ceilings?: (() => readonly Ceiling[]) | undefined;
  /** Told of all that is spent. Must not throw. */
  readonly onSpent?: ((increment: Increment) => void) | undefined;
  /** Told of each look, and of each warning and trip that begins. Must not throw. */
  readonly onLook?: ((look: Look) => void) | undefined;
  readonly onSignal?: ((signal: Signal) => void) | undefined;
  readonly logger: Logger;
  readonly now: Clock;
  readonly monotonic?: () => number;
  readonly random?: () => number;
}

export type { TripwireReadiness } from './readiness';

/** The spend watcher, as the rest of the program sees it. */
export interface TripwireService {
  spend(limit: number): Spend;
  /** What was spent in the last hour, day or week, step by step. From memory. */
  history(span: SpanName): NamedHistory;
  /** What a time cost. Epoch, in milliseconds. From memory. */
  cost(from: number, to: number, of?: CostOf): Cost | undefined;
  /** The same for whoever a signal was about, where all of it was seen, and finely enough. */
  measure: SpendHistory['measure'];
  /** Whether it sees, and what it sees; in words. */
  readiness(): TripwireReadiness;
  /** Whether every source of spend is seen now. */
  sees(): boolean;
  /** What is spent just now, in a few numbers. From memory, and cheap. */
  now(): SpendSummary;
  /** Told after every look, of one proxy after the other. @returns what ends it. */
  onLook(listener: (summary: SpendSummary) => void): () => void;
  /** Keeps what was learnt. Orders that stand go on. */
  close(): Promise<void>;
}

/** @returns undefined where none is configured. @throws Error when a `caFile` can't be read. */
export function startTripwire(options: TripwireOptions): TripwireService | undefined {
  const { config, desk, alarms, trouble, cleared, logger, now } = options;
  const { tripwire } = config;
  if (!tripwire) return undefined;
  const { monotonic = () => performance.now(), random = Math.random } = options;

  const [known, budgets, sums] = [new Known(), new Budgets(), new Sums()];
  const subjects = new Subjects({
    ...{ config: tripwire, defaultScope: defaultScope(config) },
    namesOf: (key) => known.namesOf(key),
    teamAliasOf: (team) => known.teamAliasOf(team),
  });
  const detection = new Detection({
    settingsOf: (subject) => settingsOf(tripwire, subject),
    ceilings: options.ceilings,
    teamOf: (key) => subjects.teamOf(key),
    onIncrement: (increment) => {
      sums.take(increment);
      history.take(increment);
      options.onSpent?.(increment);
      signals.onSpent(increment.key);
    },
  });
  const history = new SpendHistory({
    ...{ dataDir: config.dataDir, everySeconds: tripwire.everySeconds },
    boundsOf: (at, stepMs) => detection.bounds(WHOLE, at, stepMs),
    nameOf: (key) => subjects.nameOfKey(key),
  });
  const signals = new LookSignals({ detection, subjects, known, budgets, trouble, cleared, monotonic });
  const trips = new Trips({
    ...{ mode: tripwire.mode, timeZone: tripwire.timeZone, subjects, desk, logger },
    note: (entry) => desk.note(entry),
    tell: (notice) => alarms.tell({ ...notice, at: now() }),
    alarm: alarms.raise,
    began: options.onSignal,
  });
  const restores = new Restores({
    scopes: subjects.scopes(),
    onRestore: (scope, at) => {
      for (const subject of detection.all()) {
        if (subjects.scopeOf(subject) !== scope) continue;
        detection.rearm(subject, at);
        trips.episodes.forget(subject);
        budgets.accept(subject);
      }
    },
  });
  const { keeper, recall } = remembering({
    ...{ dataDir: config.dataDir, detection, history, restores, episodes: trips.episodes },
    ...{ alarm: alarms.raise, trouble, cleared, logger, now, monotonic },
  });
  const { routesOf = () => undefined } = options;
  const gateways = createGateways(config, subjects.scopes(), { routesOf, trouble, cleared, logger, monotonic });
  const sees = (): boolean =>
    watch.states().every(({ look, blindSince }) => look !== undefined && blindSince === undefined);
  const pulse = new Pulse({ detection, episodes: trips.episodes, sees, logger });
  const watch = new Watch({
    ...{ config: tripwire, sources: sourcesOf(tripwire, now, monotonic), signals, trips },
    ...{ restores, gateways, keeper, latches: () => desk.latches(), trouble, cleared, alarm: alarms.raise, logger },
    ...{ monotonic, random },
    onLook: (look, state) => {
      history.looked(look, state);
      pulse.looked(look.at);
      options.onLook?.(look);
    },
  });

  // Nobody waits for it: a text that says STOP must not.
  let closed = false;
  const recalled = recall().then(() => {
    if (!closed) watch.start();
  });

  return {
    spend: (limit) =>
      spendNow(
        {
          config: tripwire,
          detection,
          subjects,
          budgets,
          episodes: trips.episodes,
          sums,
          sources: () => watch.states(),
        },
        now(),
        limit,
      ),
    history: (span) => history.view(span, now()),
    cost: (from, to, of) => history.cost(from, to, of),
    measure: (from, to, subject) => history.measure(from, to, subject),
    readiness: () => readinessOf(tripwire, watch, detection, gateways, monotonic()),
    sees,
    now: () => pulse.summary(now()),
    onLook: (listener) => pulse.onLook(listener),
    close: async () => {
      closed = true;
      trips.close();
      await recalled;
      await watch.close();
      await keeper.close();
    },
  };
}

export function sourcesOf(
  { litellm }: Pick<Tripwire, 'litellm'>,
  now: Clock,
  monotonic: () => number,
): readonly Source[] {
  // Proxies may share a database: a key that one of them shows is not counted from it, and none is counted twice.
  const shared = { shown: new Set<string>(), counters: new Map<string, string>() };
  return litellm.map((source, i) =>
    createSource({ ...source, name: sourceName(litellm, i), now, monotonic, ...shared }),
  );
}

/** `litellm litellm.example.org:4000`; numbered where a host has several. */
export function sourceName(all: readonly Pick<TripwireSource, 'url'>[], i: number): string {
  const hosts = all.map(({ url }) => new URL(url).host);
  const host = hosts[i] ?? '';
  const before = hosts.slice(0, i).filter((one) => one === host).length;
  return `litellm ${host}${before > 0 ? ` (${before + 1})` : ''}`;
}
