import { GENESIS } from '../ledger/chain';
import type { SpooledStop } from '../ledger/spool';
import type { OperatorUse, State } from '../ledger/store';
import { FAILURES_KEPT } from './authorise';

const EMPTY_STATE: State = {
  head: GENESIS,
  orders: 0,
  latches: new Map(),
  permits: new Map(),
  operators: new Map(),
  backupCodesUsed: new Set(),
};

/**
 * What codes were used for while the ledger was away. It counts beside what the ledger says and never instead of it,
 * so that it may stay when the ledger is back. As many entries as there are operators, and requests on their way.
 */
export class Doubt {
  private readonly uses = new Map<string, OperatorUse>();
  /** By the key of a request that was found good and is being written down: what becomes of that isn't known yet. */
  private readonly onTheirWay = new Map<string, OperatorUse>();

  note(use: OperatorUse): void {
    this.uses.set(use.operator, use);
  }

  /** Whatever comes of it, its code is spent for all others from now on. */
  begin(key: string, use: OperatorUse): void {
    this.onTheirWay.set(key, use);
  }

  /** It is in the ledger, or noted, or came to nothing. */
  end(key: string): void {
    this.onTheirWay.delete(key);
  }

  /** The state that a request is decided upon. @param own key of that request, whose own code isn't spent for it. */
  upon(known: State | undefined, stops: readonly SpooledStop[], own: string): State {
    const state = known ?? EMPTY_STATE;
    const operators = new Map(state.operators);
    // Those of the stops are known over a restart, too.
    const others = [...this.onTheirWay].flatMap(([key, use]) => (key === own ? [] : [use]));
    for (const use of [...this.uses.values(), ...others, ...stops.flatMap((stop) => stop.use ?? [])])
      operators.set(use.operator, joined(operators.get(use.operator), use));
    const backupCodes = stops.flatMap((stop) => stop.backupCodeUsed ?? []);
    return {
      ...state,
      operators,
      backupCodesUsed: new Set([...state.backupCodesUsed, ...backupCodes]),
    };
  }
}

/** Both count: no code comes back, and no wrong one is forgotten. */
export function joined(known: OperatorUse | undefined, use: OperatorUse): OperatorUse {
  if (!known) return use;
  const failures = [...new Set([...known.failures, ...use.failures])].sort((a, b) => a - b).slice(-FAILURES_KEPT);
  return { operator: use.operator, lastStep: Math.max(known.lastStep, use.lastStep), failures };
}
