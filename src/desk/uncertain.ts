import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type RequestOutcome, type Store, StoreUnavailable } from '../ledger/store';
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
    const settling = this.find(request);
    const receipt = await this.inTime(settling);
    if (receipt) return receipt;
    settling.then((at) => this.tellLate(request, at)).catch(() => undefined);
    return { kind: 'refused', refused: 'ledger-unavailable', detail: 'Whether it was taken is not known yet.' };
  }

  /** The same for what is no order; undefined for want of an answer. @param data of the refusal's line. */
  outcomeOf(key: string, data: Readonly<Record<string, unknown>>): Promise<RequestOutcome | undefined> {
    return this.inTime(this.ask(key, data));
  }

  private async inTime<T>(settling: Promise<T>): Promise<T | undefined> {
    const waited = new AbortController();
    const late = sleep(PATIENCE_MS, undefined, { signal: waited.signal }).catch(() => undefined);
    return Promise.race([settling, late]).finally(() => waited.abort());
  }

  close(): void {
    this.closing.abort();
  }

  private async find(request: OrderRequest): Promise<Receipt> {
    const { key, action, scope, source, correlation } = request;
    for (;;) {
      const outcome = await this.ask(key, { action, scope, source, correlation });
      try {
        return await this.receiptOf(outcome);
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || this.closing.signal.aborted) throw error;
      }
      await this.pause();
    }
  }

  private async receiptOf(outcome: RequestOutcome): Promise<Receipt> {
    if ('refused' in outcome) return { kind: 'refused', ...outcome };
    if ('pending' in outcome) return { kind: 'pending', ...outcome.pending };
    if ('permit' in outcome) return { kind: 'refused', refused: 'key-reused' };
    const order = await this.options.store.order(outcome.order);
    if (!order) throw new StoreUnavailable(`order ${outcome.order} is not in the ledger's store`);
    return { kind: 'accepted', order };
  }

  private async pause(): Promise<void> {
    await sleep(AGAIN_MS, undefined, { signal: this.closing.signal }).catch(() => undefined);
  }

  private async ask(key: string, about: Readonly<Record<string, unknown>>): Promise<RequestOutcome> {
    const { store, logger } = this.options;
    const refused = { refused: 'ledger-unavailable' } as const;
    const data = { ...about, reason: refused.refused };
    for (;;) {
      try {
        const committed = await store.commit(() => ({
          entries: [{ kind: 'refusal', data }],
          request: { key, outcome: refused },
        }));
        return committed.status === 'committed' ? refused : committed.outcome;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        logger.debug({ err: error, ...about }, 'whether a request was taken is not known yet');
      }
      await this.pause();
      if (this.closing.signal.aborted) return refused;
    }
  }

  private tellLate({ key, scope }: OrderRequest, receipt: Receipt): void {
    if (receipt.kind === 'accepted')
      this.options.events.alarm(
        `restore ${key}`,
        `RESTORE of ${scope} was refused in doubt, and had been taken: order ${receipt.order.number}. STATUS shows it.`,
      );
  }
}
