import type { Latch } from '../../src/latch/latch';
import type { Outcome, Proof, Receipt } from '../../src/orders/desk';
import type { Order, OrderRequest } from '../../src/orders/order';
import { until } from './until';

/** A desk whose cuts are seen when the test says so. */
export class SlowDesk {
  readonly asked: { readonly request: OrderRequest; readonly proof: Proof }[] = [];
  readonly cut = new Map<string, Latch>();
  answer: 'accepted' | 'repeated' | Error = 'accepted';
  private people = 0;
  private see: ((outcome: Outcome) => void)[] = [];

  async order(request: OrderRequest, proof: Proof): Promise<Receipt> {
    this.asked.push({ request, proof });
    if (this.answer instanceof Error) throw this.answer;
    const number = this.asked.length;
    const { scope } = request;
    // The ledger takes its time.
    await new Promise((resolve) => setImmediate(resolve));
    this.cut.set(scope, { scope, state: 'severing', order: number, since: 0, incident: number });
    return { kind: this.answer, order: { ...request, number, by: 'tripwire', at: 0 } };
  }
  outcome(_order: Order, _waitMs: number): Promise<Outcome> {
    return new Promise((resolve) => this.see.push(resolve));
  }
  /** A person cuts it. */
  sever(scope: string): void {
    this.people += 1;
    const order = this.asked.length + this.people;
    this.cut.set(scope, { scope, state: 'severed', order, since: 0, incident: order });
  }
  /** A person restores it. */
  restore(scope: string): void {
    this.people += 1;
    this.cut.set(scope, { scope, state: 'live', order: this.asked.length + this.people, since: 0 });
  }
  latches(): readonly Latch[] {
    return ['agent', 'llm'].map((scope) => this.cut.get(scope) ?? { scope, state: 'live', order: 0, since: 0 });
  }
  async settles(outcome: Partial<Outcome> = {}): Promise<void> {
    await until(() => this.see.length > 0);
    for (const tell of this.see.splice(0))
      tell({ ...{ state: 'severed', ms: 400, cut: 5, gateways: 1, missing: [] }, ...outcome });
  }
}
