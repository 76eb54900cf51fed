import type { State } from '../../ledger/store';
import type { Desk, Outcome } from '../../orders/desk';
import { DRILL_OPERATOR, DRILL_SCOPE } from '../../orders/drill';
import type { Action, Order } from '../../orders/order';
import { reasons } from '../../orders/reasons';
import { type DrillDoor, newMessageSid } from './door';
import type { DrillOperator } from './operator';

export interface DrillOrdersOptions {
  readonly desk: Pick<Desk, 'order' | 'outcome'>;
  readonly operator: DrillOperator;
  /** Right before each order. Throws when nothing may be ordered any more. */
  readonly mayOrder: () => void;
  /** What the ledger knows. @throws StoreUnavailable */
  readonly refresh: () => Promise<State>;
  /** The newest orders of the drill's scope. @throws StoreUnavailable */
  readonly newest: () => Promise<readonly Order[]>;
}

export interface Ordered {
  readonly order: Order;
  readonly waitedMs: number;
  /** By `performance.now`. */
  readonly sentAt: number;
  /** By which way, and what was answered. */
  readonly detail: string;
}

/** How a drill gives orders: with a fresh code for each, as a person would have to. */
export interface DrillOrders {
  /**
   * By a signed text through the door, and straight to the desk where no door for texts is configured.
   * @param id of the drill
   * @throws Error when it is not taken
   */
  give(action: Action, door: DrillDoor | undefined, id: string, signal: AbortSignal): Promise<Ordered>;
  /** Until it is seen. @throws Error after `ms` milliseconds, or when another order came first */
  settled(order: Order, ms: number, signal: AbortSignal): Promise<Outcome>;
}

export function createDrillOrders({ desk, operator, mayOrder, refresh, newest }: DrillOrdersOptions): DrillOrders {
  async function byText(action: Action, door: DrillDoor, code: string): Promise<Pick<Ordered, 'order' | 'detail'>> {
    const id = newMessageSid();
    const verb = action === 'sever' ? 'STOP' : 'RESTORE';
    const { way, reply } = await door.text(`${verb} ${DRILL_SCOPE} ${code}`, id);
    const order = (await newest()).find(({ key }) => key === `sms:${id}`);
    if (!order) throw new Error(`${way}, the text was not taken for an order: ${reply}`);
    return { order, detail: `${way}: ${reply}` };
  }

  async function straight(action: Action, code: string, id: string): Promise<Pick<Ordered, 'order' | 'detail'>> {
    const correlation = `drill-${id}`;
    const key = `drill:${id}:${newMessageSid()}`;
    const request = { key, action, scope: DRILL_SCOPE, source: 'drill', correlation } as const;
    const receipt = await desk.order(request, { kind: 'operator', operator: DRILL_OPERATOR, code });
    if (receipt.kind === 'refused') throw new Error(`refused: ${receipt.detail ?? reasons[receipt.refused].advice}`);
    if (receipt.kind === 'pending') throw new Error('a second operator is asked for, which no drill has');
    return { order: receipt.order, detail: 'straight to the desk: the door for texts was not rehearsed.' };
  }

  return {
    async give(action, door, id, signal) {
      const lastStep = (await refresh()).operators.get(DRILL_OPERATOR)?.lastStep ?? -1;
      const { code, waitedMs } = await operator.code(lastStep, signal);
      mayOrder();
      const sentAt = performance.now();
      const ordered = await (door ? byText(action, door, code) : straight(action, code, id));
      return { ...ordered, waitedMs, sentAt };
    },
    async settled(order, ms, signal) {
      const outcome = await unlessAborted(desk.outcome(order, ms), signal);
      const { state, missing } = outcome;
      if (state === (order.action === 'sever' ? 'severed' : 'live')) return outcome;
      if (state === 'overtaken') throw new Error('a later order of this scope came first');
      throw new Error(`${missing.join('; ') || 'not seen'}, after ${Math.round(ms / 1000)} s`);
    },
  };
}

/** What is waited for goes on by itself. @throws the signal's reason */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
  });
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => undefined);
  }
}
