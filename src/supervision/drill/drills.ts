import { setTimeout as pause } from 'node:timers/promises';
import type { DrillShelf } from '../../ledger/drill-shelf';
import type { Entry } from '../../ledger/store';
import { isRehearsal } from '../../orders/drill';
import type { Order } from '../../orders/order';
import type { Refusal } from '../../orders/reasons';
import { type ConductOptions, conduct } from './conduct';
import { type DrillReport, summary } from './report';
import { Steps } from './steps';
import { tidyUp } from './tidy';

export interface DrillsOptions extends Omit<ConductOptions, 'stepMs' | 'compareWith'> {
  readonly shelf: DrillShelf<DrillReport>;
  readonly record: (entry: Entry) => void;
  /** A drill has ended. Must not throw. */
  readonly tell: (report: DrillReport) => void;
  readonly randomId: () => string;
  /** How long one step may take. Milliseconds. */
  readonly stepMs?: number;
}

/** Rehearses the whole way on canary routes, one drill at a time. */
export interface Drills {
  /** @param by `token:<name>`. @throws StoreUnavailable: without the ledger nothing could be given back */
  start(by: string): Promise<DrillReport | Refusal>;
  /** Waits until it has ended, at most so long. @throws StoreUnavailable */
  report(id: string, waitMs: number): Promise<DrillReport | undefined>;
  /** Newest first. @throws StoreUnavailable */
  newest(limit: number): Promise<readonly DrillReport[]>;
  /** Cleans up what an earlier life of this process has left, and goes on trying until it has. */
  resume(): void;
  /** An order stands: if people gave it, it comes first. */
  ordered(order: Pick<Order, 'number' | 'action' | 'scope'>): void;
  /** Ends what is under way; what is left of it is cleaned up by the next start. */
  end(why: string): void;
  close(): Promise<void>;
}

const STEP_MS = 15_000;
/** A drill that began before and has not ended has died. Milliseconds; longer than all steps together can take. */
const DEAD_AFTER_MS = 15 * 60_000;
const COMPARED_WITH = 50;

interface Running {
  readonly report: () => DrillReport;
  readonly ended: Promise<DrillReport>;
  readonly controller: AbortController;
}

export function createDrills(options: DrillsOptions): Drills {
  const { gateways, operator, shelf, latches, record, tell, now, monotonic, logger } = options;
  const { stepMs = STEP_MS } = options;
  const closing = new AbortController();
  let running: Running | undefined;
  let starting = false;
  let tidying: { readonly done: Promise<void>; readonly controller: AbortController } | undefined;

  async function start(by: string): Promise<DrillReport | Refusal> {
    if (running || starting) return notNow('A drill is under way.');
    starting = true;
    try {
      const fire = onFire();
      if (fire) return notNow(fire);
      const base = { id: options.randomId(), by, startedAt: now() };
      const begun: DrillReport = { ...base, state: 'running', steps: [], text: 'Drill under way.' };
      if (!(await shelf.begin(begun, now() - DEAD_AFTER_MS))) return notNow('A drill is under way.');
      tidying?.controller.abort();
      await tidying?.done;
      begin(begun);
      return begun;
    } finally {
      starting = false;
    }
  }

  /** Nobody rehearses during a fire. */
  function onFire(): string | undefined {
    const cut = latches().find(({ scope, state }) => !isRehearsal(scope) && state !== 'live');
    return cut && `${cut.scope} is ${cut.state}.`;
  }

  function begin(begun: DrillReport): void {
    const controller = new AbortController();
    const steps = new Steps({ signal: controller.signal, monotonic });
    record({ kind: 'drill', data: { id: begun.id, state: 'running', by: begun.by } });
    const conducted = { ...options, stepMs, compareWith: () => shelf.newest(COMPARED_WITH) };
    const ended = conduct(conducted, begun, steps, { signal: controller.signal, closing: closing.signal })
      .then(async (report) => {
        await shelf.save(report).catch((error) => logger.error({ err: error }, 'the report of a drill is lost'));
        const { id, state, ms, text } = report;
        logger.info({ drill: id, state, ms, steps: report.steps }, text);
        record({ kind: 'drill', data: { id, state, ms, text } });
        tell(report);
        return report;
      })
      .finally(() => {
        running = undefined;
        if (!closing.signal.aborted) resume();
      });
    running = { controller, ended, report: () => ({ ...begun, steps: [...steps.all] }) };
    // An order that came while it began is told of before it could be broken off.
    const fire = onFire();
    if (fire) breakOff(fire);
  }

  function breakOff(why: string): void {
    running?.controller.abort(new Error(why));
  }

  function end(why: string): void {
    closing.abort(new Error(why));
    breakOff(why);
    tidying?.controller.abort();
  }

  function resume(): void {
    if (tidying || running || closing.signal.aborted) return;
    const controller = new AbortController();
    const leaveOffice = operator.takeOffice();
    const done = tidyUp({ ...options, stepMs, bury: () => bury(), id: options.randomId }, controller.signal).finally(
      () => {
        leaveOffice();
        tidying = undefined;
      },
    );
    tidying = { done, controller };
  }

  /** Reports of drills that died with an earlier life of this process. */
  async function bury(): Promise<void> {
    for (const dead of await shelf.running()) {
      if (dead.id === running?.report().id) continue;
      const text = summary(dead.steps, 0, DIED);
      const report: DrillReport = { ...dead, state: 'failed', endedAt: now(), brokenOff: DIED, text };
      await shelf.save(report);
      record({ kind: 'drill', data: { id: dead.id, state: 'failed', text } });
      tell(report);
    }
  }

  return {
    start,
    async report(id, waitMs) {
      const ours = running?.report().id === id ? running : undefined;
      const late = new AbortController();
      const signal = AbortSignal.any([late.signal, closing.signal]);
      const timeUp = () => pause(waitMs, undefined, { signal }).catch(() => undefined);
      try {
        if (ours) return await Promise.race([ours.ended, timeUp().then(ours.report)]);
        const kept = await shelf.get(id);
        if (kept?.state !== 'running' || waitMs === 0) return kept;
        // Another instance's, or one that died.
        await timeUp();
        return await shelf.get(id);
      } finally {
        late.abort();
      }
    },
    newest: (limit) => shelf.newest(limit),
    resume,
    ordered: ({ number, action, scope }) => {
      if (!isRehearsal(scope)) breakOff(`order ${number} came, to ${action} ${scope}. It comes first.`);
    },
    end,
    async close() {
      end('Pullcord goes down.');
      await Promise.all([running?.ended, tidying?.done]);
      for (const gateway of gateways) gateway.close();
    },
  };
}

const notNow = (detail: string): Refusal => ({ refused: 'not-now', detail });

const DIED = 'Pullcord ended while it was under way. What was left is cleaned up at the next start.';
