import type { Logger } from 'pino';
import type { Clock } from '../clock';
import { type Config, defaultScope } from '../config/schema';
import type { Tripwire, TripwireSource } from '../config/tripwire';
import type { Entry } from '../ledger/store';
import type { Alarms } from '../notify/alarms';
import type { Desk } from '../orders/desk';
import { Budgets } from './budgets';
import { Detection } from './detection';
import type { Episode } from './episodes';
import { createGateways, type Gateways, type RoutesOf } from './gateway';
import { Keeper } from './keeper';
import { Known } from './known';
import { LookSignals } from './look-signals';
import { Memory } from './memory';
import { Pulse, type SpendSummary } from './pulse';
import type { Increment } from './reading';
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

export interface TripwireReadiness {
  readonly ok: boolean;
  readonly detail: string;
  /** It does not look any more, so that it can't tell of it by itself. */
  readonly silent?: true;
}

/** The spend watcher, as the rest of the program sees it. */
export interface TripwireService {
  spend(limit: number): Spend;
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
      options.onSpent?.(increment);
      signals.onSpent(increment.key);
    },
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
  const memory = new Memory(config.dataDir);
  const keeper = new Keeper({
    monotonic,
    write: () =>
      memory.write({ savedAt: now(), scopes: restores.save(), episodes: trips.episodes.save() }, detection.parts()),
    onTrouble: (error) => {
      logger.warn({ err: error }, 'what the tripwire has learnt could not be kept');
      trouble(MEMORY, 'What the tripwire learns cannot be kept over a restart: look at the disk of dataDir.');
    },
    onSaved: () => cleared(MEMORY, 'What the tripwire learns is kept again.'),
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
    onLook: (look) => {
      pulse.looked(look.at);
      options.onLook?.(look);
    },
  });

  const recall = async (): Promise<void> => {
    try {
      const head = await memory.read((part) => detection.loadPart(part));
      if (!head) return;
      restores.load(head.scopes);
      trips.episodes.load(head.episodes as readonly Episode[]);
    } catch (error) {
      detection.forget();
      logger.warn({ err: error }, 'what the tripwire had learnt cannot be read');
      alarms.raise(
        MEMORY,
        'What the tripwire had learnt cannot be read: it learns afresh what is usual. The ceilings hold.',
      );
    }
  };
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

const MEMORY = 'tripwire memory';

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

/** Looks that may fail to come, and how long one may take at most, before the loop is taken to hang. Milliseconds. */
const LATE_LOOKS = 3;
const LATE_MS = 60_000;

function readinessOf(
  { mode, everySeconds }: Tripwire,
  watch: Watch,
  detection: Detection,
  gateways: Gateways | undefined,
  at: number,
): TripwireReadiness {
  const states = watch.states();
  const lateMs = LATE_LOOKS * everySeconds * 1_000 + LATE_MS;
  const late = states.find(({ look }) => look !== undefined && at - look.monotonicMs > lateMs);
  if (late?.look) {
    const since = new Date(late.look.at).toISOString();
    return { ok: false, silent: true, detail: `it has not looked at ${late.name} since ${since}: restart Pullcord` };
  }
  const seen = states.flatMap(({ troubles }) => troubles).map(({ text }) => text);
  const [trouble] = [...seen, watch.trouble(), gateways?.trouble()].filter((text) => text !== undefined);
  if (trouble !== undefined) return { ok: false, detail: trouble };
  const unseen = states.find(({ look }) => look === undefined);
  if (unseen) return { ok: false, detail: `${unseen.name} has not been looked at yet` };
  const keys = detection.all().filter(({ kind }) => kind === 'key').length;
  const observes = mode === 'observe' ? ', observes only: it cuts nothing' : '';
  const unknown = gateways?.why();
  const passes = unknown === undefined ? '' : `, not what passes by it: ${unknown}`;
  const one = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  return {
    ok: true,
    detail: `sees ${one(states.length, 'LiteLLM proxy').replace('proxys', 'proxies')}, ${one(keys, 'key')} spent${passes}${observes}`,
  };
}
