import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import { scopeNames } from '../config/scope-names';
import type { Cutter } from '../cutters/cutter';
import type { RoutePreview, StayPreview } from '../cutters/preview';
import type { Enforcer } from '../latch/enforcer';
import { isCut, type Latch } from '../latch/latch';
import { bounded } from '../ledger/bounded';
import type { Store } from '../ledger/store';
import type { RestoreRule } from '../orders/decide';
import type { Desk } from '../orders/desk';
import { isRehearsal } from '../orders/drill';
import { type Refusal, reasons } from '../orders/reasons';
import { clockWentBack } from './authorise';

/** Exactly what a RESTORE of one scope would bring back. */
export interface RestorePreview {
  readonly scope: string;
  readonly routes: readonly RoutePreview[];
  readonly others: readonly { readonly cutter: string; readonly what: string }[];
  readonly stays: readonly StayPreview[];
  readonly warnings: readonly string[];
  /** How many operators it takes. */
  readonly operators: 1 | 2;
  /** The operator who has sent it first. */
  readonly pendingBy?: string;
}

export interface RestorePreviewOptions {
  readonly config: Pick<Config, 'scopes' | 'fallbacks' | 'restore'>;
  readonly desk: Pick<Desk, 'latches'>;
  readonly store: Pick<Store, 'refresh' | 'mirror'>;
  readonly enforcer: Pick<Enforcer, 'sight'>;
  readonly cutters: readonly Pick<Cutter, 'name' | 'preview'>[];
  readonly now: Clock;
}

export type PreviewRestore = (scope: string) => Promise<RestorePreview | Refusal>;

/** How long the ledger is waited for. Milliseconds. */
const LEDGER_MS = 1_000;

/**
 * What the cutters would give back, as they stand now. Changes nothing and asks no gateway; says what would make the
 * RESTORE itself refuse, or wait.
 */
export function restorePreview({ config, desk, store, enforcer, cutters, now }: RestorePreviewOptions): PreviewRestore {
  return async (scope) => {
    // So that another instance's orders are known; without it the answer is of what this one knows.
    const answers = await bounded(store.refresh(), LEDGER_MS, 'the ledger').then(
      () => true,
      () => false,
    );
    const latches = desk.latches();
    const latch = latches.find((one) => one.scope === scope);
    if (!latch) return { refused: 'unknown-scope', detail: `There are: ${scopeNames(config).join(', ')}.` };
    if (latch.state === 'live') return { refused: 'nothing-to-restore' };
    const severed = new Set(latches.filter(isCut).map((one) => one.scope));
    const previews = cutters.map((cutter) => ({ cutter: cutter.name, ...cutter.preview(scope, severed) }));
    const { missing } = enforcer.sight(scope, isCut(latch), latch.order);
    return {
      scope,
      routes: previews.flatMap(({ routes }) => routes),
      others: previews.flatMap(({ cutter, others }) => others.map((what) => ({ cutter, what }))),
      stays: previews.flatMap(({ stays }) => stays),
      warnings: [...(answers ? [] : [reasons['ledger-unavailable'].advice]), ...clock(), ...gone(latches), ...missing],
      ...who(latch, isRehearsal(scope) ? { ...config.restore, operators: 1 } : config.restore, now()),
    };
  };

  function clock(): string[] {
    const state = store.mirror();
    return state && clockWentBack(state, now()) ? [reasons['clock-in-doubt'].advice] : [];
  }

  function gone(latches: readonly Latch[]): string[] {
    const known = scopeNames(config);
    const strange = latches.filter((one) => isCut(one) && !known.includes(one.scope) && !isRehearsal(one.scope));
    return strange.map(
      ({ scope }) => `${scope} is severed but no longer configured: nothing is released until it is configured again.`,
    );
  }
}

/** By the same rule as the decision itself. */
function who(latch: Latch, rule: RestoreRule, now: number): Pick<RestorePreview, 'operators' | 'pendingBy'> {
  if (rule.operators < 2 || latch.state === 'restoring') return { operators: 1 };
  const { pending } = latch;
  const waits = pending && now - pending.at <= rule.withinSeconds * 1000;
  return { operators: 2, ...(waits ? { pendingBy: pending.operator } : {}) };
}
