import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Committed, type Store, StoreUnavailable } from '../ledger/store';
import type { Receipt } from '../orders/desk';
import type { OrderRequest } from '../orders/order';

export interface UncertainOptions {
  readonly store: Store;
  readonly logger: Logger;
  readonly events: { alarm(key: string, text: string): void };
}

/** Between two questions to a ledger that is away. Milliseconds. */
const AGAIN_MS = 250;
/** After so long whoever waits is told that it isn't known. Milliseconds. */
const PATIENCE_MS = 30_000;

/**
 * Restores that the ledger was asked to write, and did not say whether it did. Law 4: nobody is told "refused" of what
 * may still happen. The refusal takes the request's own key: either it is first, and what is still on its way finds the
 * key taken, or the order was there before it, and stands.
 */
export class Uncertain {
  private readonly closing = new AbortController();

  constructor(private readonly options: UncertainOptions) {}

  /** What became of it; for want of an answer, after half a minute, a refusal that says so. */
  async settle(request: OrderRequest): Promise<Receipt> {
    const waited = new AbortController();
    const settling = this.find(request);
    const late = sleep(PATIENCE_MS, undefined, { signal: waited.signal }).catch(() => undefined);
    const receipt = await Promise.race([settling, late]).finally(() => waited.abort());
    if (receipt) return receipt;
    settling.then((at) => this.tellLate(request, at)).catch(() => undefined);
    return { kind: 'refused', refused: 'ledger-unavailable', detail: 'Whether it was taken is not known yet.' };
  }

  close(): void {
    this.closing.abort();
  }

  private async find(request: OrderRequest): Promise<Receipt> {
    const { store, logger } = this.options;
    const { key, action, scope, source, correlation } = request;
    const refused = { refused: 'ledger-unavailable' } as const;
    const data = { action, scope, source, correlation, reason: refused.refused };
    for (;;) {
      try {
        const committed = await store.commit(() => ({
          entries: [{ kind: 'refusal', data }],
          request: { key, outcome: refused },
        }));
        return await this.receiptOf(committed);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        logger.debug({ err: error, correlation }, 'whether a restore was taken is not known yet');
      }
      await sleep(AGAIN_MS, undefined, { signal: this.closing.signal }).catch(() => undefined);
      if (this.closing.signal.aborted) return { kind: 'refused', ...refused };
    }
  }

  private async receiptOf(committed: Committed): Promise<Receipt> {
    if (committed.status === 'committed') return { kind: 'refused', refused: 'ledger-unavailable' };
    const { outcome } = committed;
    if ('refused' in outcome) return { kind: 'refused', ...outcome };
    if ('pending' in outcome) return { kind: 'pending', ...outcome.pending };
    if ('permit' in outcome) return { kind: 'refused', refused: 'key-reused' };
    const order = await this.options.store.order(outcome.order);
    if (!order) throw new StoreUnavailable(`order ${outcome.order} is not in the ledger's store`);
    return { kind: 'accepted', order };
  }

  private tellLate({ key, scope }: OrderRequest, receipt: Receipt): void {
    if (receipt.kind === 'accepted')
      this.options.events.alarm(
        `restore ${key}`,
        `RESTORE of ${scope} was refused in doubt, and had been taken: order ${receipt.order.number}. STATUS shows it.`,
      );
  }
}
