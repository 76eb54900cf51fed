import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import type { Cutter } from '../cutters/cutter';
import type { FallbacksService } from '../fallback';
import type { Latch } from '../latch/latch';
import type { Leases } from '../ledger/leases';
import type { Store } from '../ledger/store';
import type { Alarms } from '../notify/alarms';
import type { Operator } from '../operators/operator';
import type { Jobs } from '../queue/jobs';
import type { TripwireService } from '../tripwire';
import { fallbackCondition } from './fallback-condition';
import { guardedIn, guardKey } from './guards';
import { HEARTBEAT, type Heartbeat, startHeartbeat } from './heartbeat/heartbeat';
import { Line, type PartReport } from './line/line';
import type { Condition } from './line/part';
import { LEDGER, watchersOf } from './line/watchers';
import { type Readiness, readiness } from './readiness';
import { Teller } from './teller';
import { Troubles } from './troubles';

export interface SupervisionOptions {
  readonly config: Config;
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
  readonly operators: { all(): readonly Operator[] };
  /** Undefined where there is but one instance, and before the ledger is open. */
  readonly leases: () => Pick<Leases, 'claim' | 'release'> | undefined;
  readonly twilioApiUrl?: string | undefined;
  readonly logger: Logger;
  readonly now: Clock;
  readonly monotonic?: (() => number) | undefined;
  /** A trouble that lasts for so long is told. Milliseconds. */
  readonly graceMs?: number | undefined;
  /** In place of each watcher's own period. Milliseconds. */
  readonly everyMs?: number | undefined;
}

export interface Supervised {
  readonly cutters: readonly Cutter[];
  readonly store: Pick<Store, 'remember' | 'mirror'>;
  readonly jobs: Pick<Jobs, 'healthy'>;
  readonly latches: () => readonly Latch[];
  /** Undefined where none is configured. */
  readonly tripwire: Pick<TripwireService, 'readiness'> | undefined;
  /** Undefined where none is configured. */
  readonly fallbacks?: Pick<FallbacksService, 'all' | 'primary'> | undefined;
  readonly drills: { condition(queueAnswers: boolean): Condition };
}

/** The watch over the whole way, and what is told of it. */
export interface Supervision {
  /** For parts that watch themselves, and for what is wrong beside the way. */
  readonly supervise: {
    readonly trouble: (key: string, text: string) => void;
    readonly cleared: (key: string, text: string) => void;
  };
  /** How a part stands, that somebody else looks at: a drill that is overdue, for instance. */
  report(part: PartReport): void;
  start(supervised: Supervised): void;
  readiness(): Readiness;
  close(): Promise<void>;
}

const GRACE_MS = 10_000;
/** What works is not told in the first minutes: it may be about to be seen to. */
const SUPERVISORY_GRACES = 30;
/** A cutter and the ledger report in each period of the enforcer: silent for so long, they hang. Milliseconds. */
const SILENCE_MS = 60_000;
const PERIODS = 4;

/** Fails towards trouble: what nobody has reported is not well. */
export function createSupervision(options: SupervisionOptions): Supervision {
  const { config, alarms, leases, logger, now, graceMs = GRACE_MS } = options;
  const { monotonic = () => performance.now() } = options;
  const teller = new Teller({ alarms, leases });
  const troubles = new Troubles({
    raise: (key, text) => teller.raise(key, text),
    clear: (key, text) => teller.clear(key, text),
    ...{ graceMs, supervisoryGraceMs: SUPERVISORY_GRACES * graceMs, monotonic },
  });
  const line = new Line({ tell: troubles, logger, now, monotonic, everyMs: options.everyMs });
  const silenceMs = Math.max(SILENCE_MS, PERIODS * config.enforcer.periodSeconds * 1000);
  let supervised: Supervised | undefined;
  let heartbeat: Heartbeat | undefined;

  /** What is a part of the way, and not one key of many of something else. */
  const isPart = (key: string): boolean => key === LEDGER || /^(cutter|guard) /.test(key);
  /** What turns as long as Pullcord lives: every cutter's loop, and the one that asks the ledger. */
  const isLoop = (key: string): boolean => key === LEDGER || key.startsWith('cutter ');
  const known = (name: string): void => line.expect({ name }, silenceMs);
  for (const gateway of Object.keys(config.gateways)) known(`cutter apisix ${gateway}`);
  for (const gateway of guardedIn(config)) known(guardKey(gateway));
  known(LEDGER);

  const ready = (): Readiness =>
    readiness({
      ...{ parts: line.parts(), cutters: supervised?.cutters ?? [], config },
      ...{ operators: options.operators.all(), latches: supervised?.latches() ?? [] },
    });

  return {
    supervise: {
      trouble: (key, text) => {
        if (!isPart(key)) troubles.trouble(key, text);
        else line.report({ name: key, signal: 'trouble', detail: text, text, goodForMs: silenceMs });
      },
      cleared: (key, text) => {
        if (!isPart(key)) troubles.cleared(key, text);
        else line.report({ name: key, signal: 'normal', detail: 'as it should be', text, goodForMs: silenceMs });
      },
    },
    report: (part) => line.report(part),
    start(what) {
      supervised = what;
      const { cutters, jobs, tripwire, store, drills, fallbacks } = what;
      for (const { name } of cutters) known(`cutter ${name}`);
      line.sense({
        name: 'queue',
        sense: () =>
          jobs.healthy()
            ? { signal: 'normal', detail: 'answers' }
            : {
                ...{ signal: 'trouble', detail: 'does not answer' },
                todo: 'Orders go on without it. Look after Redis, or the database.',
              },
      });
      line.sense({
        ...{ name: 'sms', untold: true },
        sense: () =>
          config.sms.twilio
            ? { signal: 'normal', detail: 'configured' }
            : { signal: 'trouble', detail: 'not configured', todo: 'Configure sms.twilio, or order over HTTP.' },
      });
      for (const watcher of watchersOf({ ...options, store, twilioApiUrl: options.twilioApiUrl })) line.watch(watcher);
      if (tripwire)
        line.sense({
          name: 'tripwire',
          sense: () => {
            const { ok, detail, silent } = tripwire.readiness();
            // What it sees it tells by itself, source by source.
            return { signal: ok ? 'normal' : 'trouble', detail, quiet: !silent };
          },
        });
      for (const { name } of fallbacks?.all() ?? [])
        line.sense({
          ...{ name: `fallback ${name}`, because: `cutter fallback ${name}` },
          sense: () => {
            const now = fallbacks?.all().find((one) => one.name === name);
            return now && fallbacks
              ? fallbackCondition({ now, primary: fallbacks.primary(name) })
              : { signal: 'trouble', detail: 'is not known' };
          },
        });
      if (config.heartbeat) line.expect({ name: HEARTBEAT, silence: 'supervisory' });
      line.sense({ name: 'drills', sense: () => drills.condition(jobs.healthy()) });
      line.start();
      heartbeat =
        config.heartbeat &&
        startHeartbeat({
          ...{ config: config.heartbeat, readiness: ready, logger, monotonic },
          stuck: () => line.stuck(isLoop),
          report: (part) => line.report(part),
        });
    },
    readiness: ready,
    async close() {
      await heartbeat?.close();
      await line.close();
      troubles.close();
      await teller.close();
    },
  };
}
