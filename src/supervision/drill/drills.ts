import { setTimeout as pause } from 'node:timers/promises';
import type { DrillShelf } from '../../ledger/drill-shelf';
import { isRehearsal } from '../../orders/drill';
import type { Order } from '../../orders/order';
import type { Refusal } from '../../orders/reasons';
import { type ConductOptions, conduct } from './conduct';
import type { Paper } from './paper';
import type { DrillReport } from './report';
import { Steps } from './steps';
import { tidyUp } from './tidy';

export interface DrillsOptions extends Omit<ConductOptions, 'stepMs' | 'compareWith'> {
  readonly shelf: Pick<DrillShelf<DrillReport>, 'get' | 'newest'>;
  readonly paper: Paper;
  /** Asks the ledger how the scopes stand: another instance may have taken an order. @throws StoreUnavailable */
  readonly refresh: () => Promise<unknown>;
  readonly randomId: () => string;
  /** When the schedule wants the next one, if there is a schedule. Epoch, in milliseconds. */
  readonly nextDue: () => number | undefined;
  /** How long one step may take. Milliseconds. */
  readonly stepMs?: number;
}

/** Rehearses the whole way on canary routes, one drill at a time over all instances. */
export interface Drills {
  /** @param by `token:<name>`, or `schedule`. @throws StoreUnavailable: without the ledger nothing could be given back */
  start(by: string): Promise<DrillReport | Refusal>;
  /** Waits until it has ended, at most so long. @throws StoreUnavailable */
  report(id: string, waitMs: number): Promise<DrillReport | undefined>;
  /** Newest first. @throws StoreUnavailable */
  newest(limit: number): Promise<readonly DrillReport[]>;
  /** When the schedule wants the next one, if there is a schedule. Epoch, in milliseconds. */
  nextDue(): number | undefined;
  /** Cleans up after drills that died, here or at another instance, from now on. */
  resume(): void;
  /** An order stands: if people gave it, it comes first. */
  ordered(order: Pick<Order, 'number' | 'action' | 'scope'>): void;
  /** Ends what is under way; what is left of it is cleaned up by another instance, or by the next start. */
  end(why: string): void;
  close(): Promise<void>;
}

const STEP_MS = 15_000;
const COMPARED_WITH = 50;

interface Running {
  readonly report: () => DrillReport;
  readonly ended: Promise<DrillReport>;
  readonly controller: AbortController;
}

export function createDrills(options: DrillsOptions): Drills {
  const { gateways, shelf, paper, hold, latches, refresh, now, monotonic } = options;
  const { stepMs = STEP_MS } = options;
  const closing = new AbortController();
  let running: Running | undefined;
  let starting = false;
  let tidying: { readonly done: Promise<void>; readonly controller: AbortController } | undefined;

  async function start(by: string): Promise<DrillReport | Refusal> {
    if (running || starting) return notNow('A drill is under way.');
    starting = true;
    try {
      await refresh();
      const fire = onFire();
      if (fire) return notNow(fire);
      tidying?.controller.abort();
      await tidying?.done;
      if (!(await hold.take())) return notNow('Another instance drills, or did a moment ago.');
      try {
        await paper.bury();
        const base = { id: options.randomId(), by, startedAt: now() };
        const begun: DrillReport = { ...base, state: 'running', steps: [], text: 'Drill under way.' };
        await paper.begin(begun);
        begin(begun);
        return begun;
      } finally {
        if (!running) await hold.release();
      }
    } finally {
      starting = false;
      resume();
    }
  }

  /** Nobody rehearses during a fire. */
  function onFire(): string | undefined {
    const cut = latches().find(({ scope, state }) => !isRehearsal(scope) && state !== 'live');
    return cut && `${cut.scope} is ${cut.state}.`;
  }

  function breakOffOnFire(): void {
    const fire = onFire();
    if (fire) breakOff(fire);
  }

  function begin(begun: DrillReport): void {
    const controller = new AbortController();
    const over = new AbortController();
    const steps = new Steps({ signal: controller.signal, monotonic });
    const conducted = { ...options, stepMs, compareWith: () => shelf.newest(COMPARED_WITH) };
    const kept = hold.keep(over.signal, breakOff, async () => {
      await refresh();
      breakOffOnFire();
    });
    const ended = conduct(conducted, begun, steps, { signal: controller.signal, closing: closing.signal })
      .then(async (report) => {
        await paper.end(report);
        return report;
      })
      .finally(async () => {
        over.abort();
        await kept;
        await hold.release();
        running = undefined;
        resume();
      });
    running = { controller, ended, report: () => ({ ...begun, steps: [...steps.all] }) };
    // An order that came while it began is told of before it could be broken off.
    breakOffOnFire();
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
    if (tidying || running || starting || closing.signal.aborted) return;
    const controller = new AbortController();
    const done = tidyUp({ ...options, stepMs, id: options.randomId }, controller.signal).finally(() => {
      tidying = undefined;
    });
    tidying = { done, controller };
  }

  return {
    start,
    async report(id, waitMs) {
      const ours = running?.report().id === id ? running : undefined;
      const late = new AbortController();
      const signal = AbortSignal.any([late.signal, closing.signal]);
      const end = performance.now() + waitMs;
      const timeUp = (ms: number) => pause(ms, undefined, { signal }).catch(() => undefined);
      try {
        if (ours) return await Promise.race([ours.ended, timeUp(waitMs).then(ours.report)]);
        for (;;) {
          // Another instance's, or one that died.
          const kept = await shelf.get(id);
          const leftMs = end - performance.now();
          if (kept?.state !== 'running' || leftMs <= 0 || signal.aborted) return kept;
          await timeUp(Math.min(leftMs, LOOK_MS));
        }
      } finally {
        late.abort();
      }
    },
    newest: (limit) => shelf.newest(limit),
    nextDue: options.nextDue,
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

/** How often another instance's drill is looked at. Milliseconds. */
const LOOK_MS = 500;

const notNow = (detail: string): Refusal => ({ refused: 'not-now', detail });
