import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import { nextDue, type Schedule } from '../../cron';
import type { Leases } from '../../ledger/leases';
import type { SqlStore } from '../../ledger/sql-store';
import type { Entry } from '../../ledger/store';
import type { Desk } from '../../orders/desk';
import { DRILL_SCOPE, isRehearsal } from '../../orders/drill';
import { checkTwilio } from '../checks/twilio';
import { createDrillDoor } from './door';
import { createDrills, type Drills } from './drills';
import { createDrillGateway } from './gateway';
import { createHold } from './hold';
import type { DrillOperator } from './operator';
import { createDrillOrders } from './orders';
import { createPaper } from './paper';
import { type DrillCondition, drillPart } from './part';
import type { DrillReport } from './report';
import { createTidy } from './tidy';
import { createTurn } from './turn';

export interface StartDrillsOptions {
  readonly config: Config;
  readonly desk: Desk;
  readonly store: SqlStore;
  readonly leases: Leases;
  readonly operator: DrillOperator;
  /** The own public listener, once it is open. */
  readonly listenerUrl: () => string;
  readonly twilioApiUrl?: string | undefined;
  readonly record: (entry: Entry) => void;
  readonly tell: (report: DrillReport) => void;
  readonly now: Clock;
  readonly monotonic?: (() => number) | undefined;
  readonly randomId: () => string;
  readonly logger: Logger;
  /** How long one step may take. Milliseconds. */
  readonly stepMs?: number | undefined;
}

/** Orders of the drill's scope that are looked through for one that was just given. */
const LOOK_BACK = 20;
const TOKEN_BYTES = 12;

/** Drills, and what is done with them beside being made. */
export interface StartedDrills extends Drills {
  /** The queue's: one is due. @throws TryAgain, StoreUnavailable */
  turn(): Promise<void>;
  /** What was found out lately, by all instances, newest first; undefined until the ledger has said it. No I/O. */
  recent(): readonly DrillReport[] | undefined;
  /** How it stands with them. @param queueAnswers whether the schedule is kept */
  condition(queueAnswers: boolean): DrillCondition;
}

export const scheduleOf = ({ drills: { schedule, timeZone } }: Pick<Config, 'drills'>): Schedule | undefined =>
  schedule === undefined ? undefined : { cron: schedule, timeZone };

/** Drills, upon the same desk, enforcer and gateways as everything else. */
export function startDrills(options: StartDrillsOptions): StartedDrills {
  const { config, desk, store, leases, operator, listenerUrl, twilioApiUrl, stepMs, now, ...rest } = options;
  const { record, tell, logger } = options;
  const hold = createHold({ leases });
  const gateways = Object.entries(config.gateways).map(([name, gateway]) =>
    createDrillGateway(name, gateway, now, hold.check),
  );
  const newest = () => store.orders({ scope: DRILL_SCOPE, limit: LOOK_BACK });
  const refresh = () => store.refresh();
  const orders = createDrillOrders({ desk, operator, mayOrder: hold.check, newest, refresh });
  const latches = () => desk.latches();
  const shelf = store.drillShelf<DrillReport>();
  const monotonic = options.monotonic ?? (() => performance.now());
  const schedule = scheduleOf(config);
  const paper = createPaper({ shelf, record, tell, now, logger });
  const drills = createDrills({
    ...{ ...rest, gateways, orders, operator, hold, latches, refresh, now, monotonic, shelf, paper },
    tidy: createTidy({ gateways, orders, latches, newest, rehearsal: isRehearsal }),
    door: () => createDrillDoor({ config, listenerUrl: listenerUrl() }),
    twilio: () => checkTwilio(twilioApiUrl === undefined ? { config } : { config, twilioApiUrl }),
    token: () => randomBytes(TOKEN_BYTES).toString('hex'),
    nextDue: () => schedule && nextDue(schedule, now()),
    ...(stepMs === undefined ? {} : { stepMs }),
  });
  const { overdueDays } = config.drills;
  const since = now();
  return {
    ...drills,
    recent: () => paper.recent(),
    turn: createTurn({ schedule, drills, paper, now, monotonic, randomId: options.randomId, logger }),
    condition: (queueAnswers) =>
      drillPart({ recent: paper.recent(), schedule, overdueDays, queueAnswers, since }, now()),
  };
}
