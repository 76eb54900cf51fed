import pino from 'pino';
import type { Config } from '../../src/config/schema';
import { withCanary } from '../../src/cutters/apisix/canary';
import { createApisixCutter } from '../../src/cutters/apisix/cutter';
import { OrderDesk } from '../../src/desk/desk';
import { Results } from '../../src/desk/results';
import { placeOrder } from '../../src/intake/http/place-order';
import { tokenChecker } from '../../src/intake/http/tokens';
import { createConversation } from '../../src/intake/sms/conversation';
import { createRelay } from '../../src/intake/sms/relay';
import { createReplies } from '../../src/intake/sms/replies';
import type { Sender } from '../../src/intake/sms/sender';
import { twilioDoor } from '../../src/intake/sms/twilio';
import { Ways } from '../../src/intake/sms/ways';
import { Enforcer } from '../../src/latch/enforcer';
import type { Database } from '../../src/ledger/database';
import { createSqlLeases } from '../../src/ledger/leases';
import { SnapshotSpool } from '../../src/ledger/snapshot-spool';
import { Spool, type SpooledStop } from '../../src/ledger/spool';
import { SqlStore } from '../../src/ledger/sql-store';
import type { Desk } from '../../src/orders/desk';
import { DRILL_SCOPE } from '../../src/orders/drill';
import type { Jobs } from '../../src/queue/jobs';
import { LedgerWatch } from '../../src/supervision/ledger-watch';
import { LEDGER_KEY, testSealer } from '../support/store';
import type { ToyApisix } from './gateway/apisix';
import { adminApiOf, proberOf } from './gateway/ports';
import { operators } from './people';
import type { ToyQueue } from './queue';
import type { Life } from './time';

/** What a program is handed in by the world around it. */
export interface Surroundings {
  readonly life: Life;
  /** Whether others share the ledger. */
  readonly several: boolean;
  readonly config: Config;
  readonly database: Database;
  readonly gateways: readonly ToyApisix[];
  readonly queue: ToyQueue;
  readonly dataDir: string;
  readonly sender: Sender;
  readonly now: () => number;
  /** Looks over the desk's shoulder. */
  readonly watched: (desk: Desk) => Desk;
  readonly spooled: (stop: SpooledStop, knows: boolean) => void;
  readonly randomId: () => string;
}

const PERIOD_MS = 5_000;
/** With several instances, as in `main.ts`. */
const HEAR_MS = 1_000;
const STATEMENT_MS = 2_000;
const SNAPSHOTS_MS = 1_000;

const logger = pino({ level: 'silent' });
const nothing = (): undefined => undefined;

class WatchedSpool extends Spool {
  constructor(
    dataDir: string,
    private readonly spooled: (stop: SpooledStop) => void,
  ) {
    super(dataDir, nothing);
  }
  override add(stop: SpooledStop): void {
    super.add(stop);
    this.spooled(stop);
  }
}

/** All that decides of one running Pullcord, put together as `main.ts` does it, without listeners. */
export function startProgram(around: Surroundings) {
  const { life, config, database, gateways, queue, dataDir, sender, now, randomId } = around;
  const spool = new WatchedSpool(dataDir, (stop) => {
    const used = stop.use && store.mirror()?.operators.get(stop.use.operator)?.lastStep;
    around.spooled(stop, used !== undefined && used >= (stop.use?.lastStep ?? 0));
  });
  const store = new SqlStore({
    ...{ database, ledgerKey: LEDGER_KEY, sealer: testSealer },
    now,
    timeoutMs: STATEMENT_MS,
  });
  const snapshots = new SnapshotSpool({
    ...{ store, sealer: testSealer, dataDir, boundMs: SNAPSHOTS_MS },
    unrecorded: () => spool.all().length > 0,
  });
  const cutters = gateways.map((gateway) => {
    const gatewayConfig = config.gateways[gateway.name];
    if (!gatewayConfig) throw new Error(`${gateway.name} is not configured`);
    return createApisixCutter({
      ...{ name: gateway.name, config: gatewayConfig, scopes: withCanary(config.scopes), snapshots, logger, now },
      ...{ api: adminApiOf(gateway, life), prober: proberOf(gateway, life, gatewayConfig.probeConnections) },
    });
  });
  const leases = around.several
    ? createSqlLeases({
        ...{ database, holder: randomId(), timeoutMs: STATEMENT_MS },
        monotonic: () => performance.now(),
      })
    : undefined;
  const enforcer = new Enforcer({
    leases,
    ...{ store, spool, cutters, logger, now, periodMs: PERIOD_MS },
    scopes: [...Object.keys(config.scopes), DRILL_SCOPE],
    events: {
      settled: nothing,
      drift: nothing,
      wrote: nothing,
      trouble: nothing,
      cleared: nothing,
      unsettled: nothing,
    },
  });
  const desk = new OrderDesk({
    ...{ config, store, spool, enforcer, operators, logger, now },
    events: {
      accepted: ({ number, action, correlation }) =>
        void jobs.add({ name: 'enforce', order: number, action, correlation }).catch(nothing),
      alarm: nothing,
      refused: nothing,
    },
  });
  const watch = new LedgerWatch({
    ...{ logger, trouble: nothing, cleared: nothing },
    periodMs: leases ? HEAR_MS : PERIOD_MS,
    refresh: () => store.refresh(),
    onAnswer: async () => {
      enforcer.kick();
      await desk.recordSpooled();
      if (leases) await results.adopt();
    },
  });
  const replies = createReplies({ sender, desk, alarm: nothing, note: (entry) => desk.note(entry) });
  const jobs: Jobs = queue.jobs(life, {
    drill: async () => undefined,
    enforce: () => watch.look(),
    reply: async ({ order: number }) => {
      await store.refresh();
      const order = await store.order(number);
      if (order) await replies.tell(order);
    },
    deliver: async () => undefined,
  });
  const results = new Results({
    ...{ desk, store, logger, interim: replies.tell, note: (entry) => desk.note(entry) },
    deliver: (order) => {
      if (order.number === 0) return replies.tell(order);
      return jobs
        .add({ name: 'reply', order: order.number, correlation: order.correlation })
        .catch(() => replies.tell(order));
    },
  });

  const seen = around.watched(desk);
  const closing = new AbortController().signal;
  const options = {
    ...{ config, desk: seen, results, logger, now, closing, alarm: nothing },
    say: (to: string, text: string) => void replies.say(to, text).catch(nothing),
  };
  const { twilio } = config.sms;
  if (!twilio) throw new Error('the model needs text messages');
  const shared = { ...options, converse: createConversation(options), ways: new Ways() };
  const checkToken = tokenChecker(config.api.tokens);

  return {
    ...{ life, store, spool, enforcer, desk, dataDir },
    doors: {
      twilio: twilioDoor(shared),
      relay: createRelay({ ...shared, twilio }),
      api: placeOrder({ desk: seen, defaultScope: 'agent', randomId, log: logger, closing }),
      checkToken,
      desk: seen,
    },
    start: async (): Promise<void> => {
      await watch.start();
      enforcer.start();
      await results.resume().catch(nothing);
    },
  };
}

export type Program = ReturnType<typeof startProgram>;
