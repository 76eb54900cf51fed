import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from './clock';
import type { Config } from './config/schema';
import { scopeNames } from './config/scope-names';
import { deriveKeys, parseMasterKey } from './config/secrets';
import { createCutters, memoryIn } from './cutters';
import type { Route } from './cutters/apisix/route';
import { createLastResort } from './cutters/last-resort';
import { OrderDesk } from './desk/desk';
import { notedFile } from './desk/noted-file';
import { restorePreview } from './desk/restore-preview';
import { Results } from './desk/results';
import { SignIns } from './desk/sign-ins';
import { Standings } from './desk/standing';
import { createFallbackCutters, type FallbacksService, startFallbacks } from './fallback';
import { openDoors } from './intake/doors';
import { createReplies } from './intake/sms/replies';
import { senderOf } from './intake/sms/sender-of';
import { Enforcer } from './latch/enforcer';
import { isCut } from './latch/latch';
import { daily } from './ledger/daily';
import type { Leases } from './ledger/leases';
import { openLedger } from './ledger/open';
import { records } from './ledger/records';
import type { Entry } from './ledger/store';
import { createMetrics } from './metrics';
import { createAlarms } from './notify/alarms';
import { createChannels } from './notify/channels';
import { type Events, eventsChannel } from './notify/events';
import { openEvents } from './notify/events/open';
import { paperChannel } from './notify/paper-channel';
import { refusalNotice } from './notify/refusal-notice';
import { openOperatorsFile, operatorsPath } from './operators/file';
import { DRILL_SCOPE, isRehearsal } from './orders/drill';
import { type Jobs, noQueue } from './queue/jobs';
import { startQueue } from './queue/queue';
import { createSupervision } from './supervision';
import { scheduleOf, startDrills } from './supervision/drill';
import { createDrillOperator } from './supervision/drill/operator';
import { shownReport } from './supervision/drill/report';
import { superviseGuard } from './supervision/guards';
import { LedgerWatch } from './supervision/ledger-watch';
import { openTracing } from './tracing';
import { startTripwire } from './tripwire';
import { createWhy } from './why';
import { paperOf } from './why/ledger';

export interface PullcordOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly version: string;
  readonly now?: Clock;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic?: () => number;
  /** Where Twilio's REST API is, when it isn't Twilio's own: for the sandbox. */
  readonly twilioApiUrl?: string;
  /** A trouble that lasts for so long is told. Milliseconds. */
  readonly troubleGraceMs?: number;
  /** How often each part of the way is looked at, in place of the period of each. Milliseconds. */
  readonly superviseEveryMs?: number;
  /** How long one step of a drill may take. Milliseconds. */
  readonly drillStepMs?: number;
}

export interface Pullcord {
  readonly publicUrl: string;
  readonly internalUrl: string;
  /** Lets what is under way come to an end, within 5 s, and leaves the latches as they are. */
  close(): Promise<void>;
}

/** How soon an order of another instance is heard of, when it died before it could tell anybody. */
const HEAR_MS = 1_000;

/**
 * The whole program, put together: from the doors at the top to the gateways at the bottom.
 * @throws DataDirInUse, NotListening; what was begun is ended by then.
 */
export async function startPullcord(options: PullcordOptions): Promise<Pullcord> {
  /** What ends, in this order. */
  const endings: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of endings)
      await Promise.resolve()
        .then(end)
        .catch((error) => options.logger.error({ err: error }, 'one part did not end well; the others follow'));
  };
  try {
    const urls = await assemble(options, (end) => endings.unshift(end));
    return { ...urls, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @param atEnd what is begun last ends first. */
async function assemble(
  options: PullcordOptions,
  atEnd: (end: () => unknown) => void,
): Promise<Pick<Pullcord, 'publicUrl' | 'internalUrl'>> {
  const { config, logger, version, now = Date.now, twilioApiUrl } = options;
  const keys = deriveKeys(parseMasterKey(config.key));
  const periodMs = config.enforcer.periodSeconds * 1000;
  const background = (what: string, work: Promise<unknown>): void => {
    work.catch((error) => logger.warn({ err: error }, what));
  };

  /** What is told from the first moment on, and begins later. */
  const late: { events?: Events; leases?: Leases | undefined; note?: (entry: Entry) => void } = {};
  const metrics = createMetrics({ config, version, logger, now });
  const tracing = openTracing({ config, version, logger });
  atEnd(() => tracing.close());
  const sender = metrics.sender(senderOf(config, twilioApiUrl));
  const operators = openOperatorsFile({
    ...{ path: operatorsPath(config), keys, now },
    onTrouble: (message) => alarms.raise('operators', message),
  });
  const channels = [
    ...createChannels({ config, operators, sender, now }),
    ...[eventsChannel(() => late.events), paperChannel(() => late.note)],
  ];
  const alarms = createAlarms({ channels, logger, now });
  atEnd(() => alarms.close());
  const supervision = createSupervision({
    ...{ config, alarms, operators, twilioApiUrl, logger, now, monotonic: options.monotonic },
    ...{ graceMs: options.troubleGraceMs, everyMs: options.superviseEveryMs, leases: () => late.leases },
  });
  const { supervise } = supervision;

  const ledger = await openLedger({
    ...{ config, keys, now, onWrite: metrics.ledger.written },
    onTrouble: (key, text, error) => {
      logger.error({ err: error }, text);
      alarms.raise(key, text);
    },
  });
  atEnd(() => ledger.close());
  const { store, spool } = ledger;
  const allLeases = metrics.leases(ledger.leases);
  /** The embedded database is one instance's alone. */
  const leases = config.databaseUrl === undefined ? undefined : allLeases;
  late.leases = leases;
  const record = (...entries: Entry[]): Promise<unknown> => store.commit(() => ({ entries }));
  atEnd(() => record({ kind: 'stop', data: { version } }).catch(() => undefined));

  const lastResort =
    config.lastResort &&
    createLastResort({
      config: config.lastResort,
      memory: memoryIn(store),
      ...(leases ? { leases } : {}),
      onResult: ({ scope, order, by, ok, how, output }) => {
        logger.error({ scope, order, by, ok, how, output }, 'last resort');
        alarms.raise(`last-resort ${order}`, `${scope} is not seen to be cut. Last resort by ${by}: ${how}`);
        const entry: Entry = { kind: 'write', data: { cutter: `last resort ${by}`, order, what: how } };
        background('the last resort could not be recorded', record(entry));
      },
    });
  atEnd(() => lastResort?.close(500));

  const enforcement = metrics.enforcement(() => store.mirror()?.latches.values() ?? []);
  /** By gateway and scope, as the enforcer sees them. */
  const routes = new Map<string, ReadonlyMap<string, readonly Route[]>>();
  const cutters = createCutters({
    ...{ config, store, snapshots: ledger.snapshots, logger, now },
    onRoutes: (gateway, chosen) => routes.set(gateway, chosen),
    onGuard: (gateway, faults) => superviseGuard(supervise, gateway, faults),
    onProbe: enforcement.probed,
  });
  const fallbackCutters = createFallbackCutters(config, store, memoryIn(store), now);
  const all = [...cutters, ...fallbackCutters.values()];
  enforcement.expect(all.map(({ name }) => name));
  const enforcer = new Enforcer({
    ...{ store, spool, logger, now, periodMs, scopes: [...scopeNames(config), DRILL_SCOPE] },
    cutters: all,
    ...{ leases, tracing },
    events: {
      ...{ ...supervise, ...enforcement },
      wrote: (cutter, order, what) => {
        enforcement.wrote(cutter);
        logger.info({ cutter, order, correlation: desk.correlationOf(order) }, what);
      },
      settled: (latch, { gateways }) => {
        enforcement.settled(latch);
        tracing.settled(latch.order);
        const { scope, order, state } = latch;
        logger.info({ scope, order, state, gateways, correlation: desk.correlationOf(order) }, 'seen');
        if (!isRehearsal(scope)) alarms.tell({ kind: isCut(latch) ? 'severed' : 'restored', scope, order, at: now() });
      },
      drift: (cutter, what) => {
        enforcement.drifted(cutter);
        logger.warn({ cutter }, what);
        alarms.raise(`drift ${cutter} ${what}`, `${cutter}: ${what}`);
      },
      unsettled: ({ scope, order, since }) => {
        if (!isRehearsal(scope)) lastResort?.consider({ scope, order, since, now: now() });
      },
    },
  });

  const drillOperator = createDrillOperator(keys.drill, now);
  const desk = new OrderDesk({
    ...{ config, store, spool, enforcer, operators, tracing, logger, now },
    drillOperator: drillOperator.current,
    events: {
      accepted: ({ number, action, scope, correlation }) => {
        const job = { name: 'enforce', order: number, action, correlation } as const;
        background('the queue did not take the order', jobs.add(job));
        drills.ordered({ number, action, scope });
        if (!isRehearsal(scope))
          alarms.tell({ kind: action === 'sever' ? 'severing' : 'restoring', scope, order: number, at: now() });
      },
      alarm: alarms.raise,
      refused: (refusal) => alarms.tell({ ...refusalNotice(refusal), at: now() }),
      placed: (request, receipt) => {
        metrics.orders.placed(request, receipt);
        if (receipt?.kind === 'accepted') standings.ordered(receipt.order);
      },
      counted: metrics.orders.refused,
    },
  });

  const standings = new Standings({
    ...{ store, spool, enforcer },
    gateways: new Map(Object.keys(config.gateways).map((name) => [name, `apisix ${name}`])),
  });
  const signIns = new SignIns({
    ...{ config, store, desk, logger, now },
    ...{ alarm: alarms.raise, randomId: randomUUID },
    noted: notedFile(config.dataDir, (error) => {
      logger.error({ err: error }, 'what was signed in with while the ledger was away could not be kept');
      alarms.raise('spool', `${config.dataDir} can't be written: what happens without the ledger outlives no restart.`);
    }),
  });

  late.note = (entry) => desk.note(entry);
  const events = openEvents({
    ...{ config, ledger, key: keys.ledger, version, ...supervise, logger, now },
    jobs: { add: (job) => jobs.add(job) },
    note: (entry) => desk.note(entry),
  });
  late.events = events;
  let listenerUrl = '';
  const drills = startDrills({
    ...{ config, desk, store, leases: allLeases, logger, now, operator: drillOperator },
    twilioApiUrl,
    ...{ monotonic: options.monotonic, stepMs: options.drillStepMs, randomId: randomUUID },
    listenerUrl: () => listenerUrl,
    record: (entry) => desk.note(entry),
    tell: (report) => {
      metrics.drilled(report);
      alarms.tell({ kind: 'drill', text: report.text, drill: shownReport(report), at: now() });
    },
  });

  const watch = new LedgerWatch({
    ...{ ...supervise, logger, periodMs: leases ? Math.min(periodMs, HEAR_MS) : periodMs },
    refresh: () =>
      store.refresh().catch((error) => {
        enforcer.ledgerSilent();
        throw error;
      }),
    onAnswer: async () => {
      enforcer.kick();
      await desk.recordSpooled();
      await signIns.recordNoted();
      await standings.refresh();
      if (leases) await results.adopt();
    },
  });
  atEnd(() => watch.close());

  const replies = createReplies({ sender, desk, alarm: alarms.raise, note: (entry) => desk.note(entry) });
  const place = config.redisUrl === undefined ? ledger.place : { redisUrl: config.redisUrl };
  const handlers = {
    enforce: ({ order }: { order: number }) => tracing.job('enforce', order, () => watch.look()),
    reply: ({ order: number }: { order: number }) =>
      tracing.job('reply', number, async () => {
        // Another instance may have seen it: what this one remembers may be older.
        await store.refresh();
        const order = await store.order(number);
        if (order) await replies.tellOnce(order);
      }),
    deliver: events.deliver,
    drill: drills.turn,
  };
  const timetable = { drill: scheduleOf(config) };
  const jobs: Jobs = place ? await startQueue({ place, logger, handlers, timetable }) : noQueue;
  atEnd(() => jobs.close());
  atEnd(() => events.close());
  atEnd(() => desk.close());

  const results = new Results({
    ...{ desk, store, logger, interim: replies.tell, note: (entry) => desk.note(entry) },
    deliver: (order) => {
      const { number, correlation } = order;
      if (number === 0) return replies.tellOnce(order);
      return jobs.add({ name: 'reply', order: number, correlation }).catch(() => replies.tellOnce(order));
    },
  });

  await watch.start();
  enforcer.start();
  // Together: who waits for a result is told by the enforcer's end that it won't come, and must not ask it again.
  atEnd(() => Promise.all([results.close(), enforcer.close()]));
  background('answers that are owed could not be looked up', results.resume());
  atEnd(daily(() => background('old requests could not be pruned', store.prune())));
  background('what is owed to subscribers could not be taken up', events.start());

  const fallbacks: FallbacksService | undefined =
    fallbackCutters.size === 0
      ? undefined
      : startFallbacks({
          ...{ config, cutters: fallbackCutters, store, enforcer, desk, alarms, logger, now },
          ...{ monotonic: options.monotonic, memory: memoryIn(store), seesSpend: () => tripwire?.sees() ?? false },
        });
  atEnd(() => fallbacks?.close());

  const tripwire = startTripwire({
    ...{ config, desk, alarms, ...supervise, logger, now },
    ...(options.monotonic ? { monotonic: options.monotonic } : {}),
    routesOf: (gateway, scope) => routes.get(gateway)?.get(scope),
    ceilings: () => fallbacks?.ceilings() ?? [],
    onSpent: (increment) => {
      metrics.tripwire.spent(increment);
      fallbacks?.spent(increment);
    },
    onLook: metrics.tripwire.looked,
    onSignal: metrics.tripwire.began,
  });
  atEnd(() => tripwire?.close());
  supervision.start({ cutters, store, jobs, tripwire, drills, fallbacks, latches: () => desk.latches() });
  atEnd(() => supervision.close());

  atEnd(() => drills.close());
  metrics.show({
    ...{ now, drills, tripwire, fallbacks, ready: supervision.readiness, healthy: jobs.healthy },
    ...{ state: () => store.mirror(), latches: () => desk.latches(), spooled: () => spool.all() },
    backlog: async () => (await jobs.backlog?.()) ?? [],
    owed: () => events.backlog(),
  });

  const closing = new AbortController();
  const doors = await openDoors({
    ...{ config, desk, results, tracing, logger, now, version, closing: closing.signal },
    records: records(store, keys.ledger, ledger.anchor),
    ready: async () => supervision.readiness(),
    ...{ standing: (latch) => standings.of(latch), pulse: tripwire },
    spend: (limit) => tripwire?.spend(limit),
    spendHistory: (span) => tripwire?.history(span),
    measure: (from, to, spender) => tripwire?.measure(from, to, spender),
    subscriptions: events.subscriptions,
    beside: [metrics.router],
    why: createWhy({
      ...{ config, now },
      paper: { ...paperOf(store), latches: () => desk.latches() },
      standing: (name) => fallbacks?.all().find((one) => one.name === name),
    }),
    previewRestore: restorePreview({ config, desk, store, enforcer, cutters: all, now }),
    missing: (scope) => {
      const latch = store.mirror()?.latches.get(scope);
      return latch ? enforcer.sight(scope, isCut(latch), latch.order).missing : [];
    },
    say: (to, text) => background('a text could not be sent', replies.say(to, text)),
    ...{ drills, fallbacks, alarm: alarms.raise },
    ...{ operators, signIns, consoleKey: keys.console },
    randomId: () => randomUUID(),
  });
  atEnd(() => doors.close());
  atEnd(() => {
    drills.end('Pullcord goes down.');
    closing.abort();
  });

  background('the start could not be recorded', record({ kind: 'start', data: { version } }));
  const { publicUrl, internalUrl } = doors;
  listenerUrl = publicUrl;
  drills.resume();
  logger.info({ public: publicUrl, internal: internalUrl, version }, 'pullcord serves');
  return { publicUrl, internalUrl };
}
