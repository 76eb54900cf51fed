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
 * so that it may stay when the ledger is back. As many entries as there are operators.
 */
export class Doubt {
  private readonly uses = new Map<string, OperatorUse>();

  note(use: OperatorUse): void {
    this.uses.set(use.operator, use);
  }

  /** The state that a stop is decided upon without the ledger. */
  upon(known: State | undefined, stops: readonly SpooledStop[]): State {
    const state = known ?? EMPTY_STATE;
    const operators = new Map(state.operators);
    // Those of the stops are known over a restart, too.
    for (const use of [...this.uses.values(), ...stops.flatMap((stop) => stop.use ?? [])])
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
