import type { Desk, Proof, Receipt } from '../../src/orders/desk';
import type { OrderRequest } from '../../src/orders/order';
import type { Breaks } from './laws';
import { lacks, type Model, meant, type Sent } from './model';
import type { Life } from './time';
import type { World } from './world';

/** How long a STOP may wait for a ledger that does not answer, and a little. Milliseconds. */
const STOP_BOUND_MS = 500 + 20;

interface OnItsWay {
  readonly operator: string;
  readonly step: number;
  met: boolean;
}

/** Law 4, over a desk's shoulder: a good STOP is always taken, and soon; with all in order, so is a good RESTORE. */
export class Shoulder {
  readonly receipts: { readonly request: OrderRequest; readonly receipt: Receipt }[] = [];
  /** Stops that a desk has acknowledged: the scope, by key. */
  readonly acknowledged = new Map<string, string>();
  /** By operator: when wrong codes were refused, by the server's clock. */
  readonly wrong = new Map<string, readonly number[]>();
  /** By operator: the newest time step whose code an acknowledged order bore, be it on paper yet or not. */
  private readonly spent = new Map<string, number>();
  /** The codes of orders that are being judged. */
  private readonly onTheirWay = new Set<OnItsWay>();
  private open = 0;
  private opened = 0;

  constructor(
    private readonly world: World,
    private readonly breaks: Breaks,
    private readonly model: () => Model,
    /** Whether an order of this key was carried out already. */
    private readonly isKnown: (key: string) => boolean,
  ) {}

  over(life: Life, desk: Desk): Desk {
    return {
      order: (request, proof) => this.order(life, desk, request, proof),
      outcome: (one, waitMs) => desk.outcome(one, waitMs),
      latches: () => desk.latches(),
      refused: (reason, data) => desk.refused(reason, data),
      operatorOf: (phone) => desk.operatorOf(phone),
    };
  }

  private async order(life: Life, desk: Desk, request: OrderRequest, proof: Proof): Promise<Receipt> {
    const { action, scope, key } = request;
    const { time } = this.world;
    const began = time.now;
    const sent = meant(this.model(), request, this.clock())?.sent;
    const known = this.isKnown(key);
    const wasGood = this.isGood(sent);
    const alone = this.open === 0;
    const state = this.model().scopes.get(scope)?.state;
    const code = this.begin(sent);
    this.open += 1;
    this.opened += 1;
    const { opened } = this;
    const receipt = await desk
      .order(request, proof)
      .catch((error) => {
        this.breaks(4, `the desk threw at ${action} ${scope} by ${proof.kind}: ${error}`);
        throw error;
      })
      .finally(() => {
        this.open -= 1;
        if (code) this.onTheirWay.delete(code);
      });
    if (!life.alive) return receipt;
    this.note(request, receipt, sent);
    const took = time.now - began;
    if (action === 'sever' && took > STOP_BOUND_MS) this.breaks(4, `a STOP was answered after ${took} ms`);
    if (known || !wasGood || receipt.kind !== 'refused') return receipt;
    const why = `of ${scope} was refused: ${receipt.refused}`;
    const isSpent = receipt.refused === 'code-used' && (code?.met === true || this.isSpent(sent));
    if (action === 'sever' && this.isGood(sent) && !isSpent && !this.wasRefusedBefore(key))
      this.breaks(4, `a good STOP ${why}`);
    const calm = alone && !this.world.stirred && this.opened === opened;
    if (action === 'restore' && calm && state !== 'live' && receipt.refused !== 'second-operator-same')
      this.breaks(4, `a good RESTORE ${why}`);
    return receipt;
  }

  /** A code that another order bears at the same time counts for one of them, though it may come to nothing there. */
  private begin(sent: Sent | undefined): OnItsWay | undefined {
    if (sent?.proof.kind !== 'code' || sent.proof.step === undefined) return undefined;
    const { operator, step } = sent.proof;
    const code: OnItsWay = { operator, step, met: false };
    for (const other of this.onTheirWay) {
      if (other.operator !== operator) continue;
      // The codes before one that is used are used up with it.
      if (other.step >= step) code.met = true;
      if (step >= other.step) other.met = true;
    }
    this.onTheirWay.add(code);
    return code;
  }

  private note(request: OrderRequest, receipt: Receipt, sent: Sent | undefined): void {
    this.receipts.push({ request, receipt });
    if (receipt.kind === 'accepted' && request.action === 'sever') this.acknowledged.set(request.key, request.scope);
    if (receipt.kind === 'accepted' && sent?.proof.kind === 'code') {
      const { operator, step = -1 } = sent.proof;
      this.spent.set(operator, Math.max(step, this.spent.get(operator) ?? -1));
    }
    if (receipt.kind !== 'refused' || receipt.refused !== 'code-wrong' || sent?.proof.kind !== 'code') return;
    // The same message once more is no other guess.
    const isGuess = ({ receipt: was }: { readonly receipt: Receipt }): boolean =>
      was.kind === 'refused' && was.refused === 'code-wrong';
    if (this.receipts.filter((one) => one.request.key === request.key && isGuess(one)).length > 1) return;
    const { operator } = sent.proof;
    this.wrong.set(operator, [...(this.wrong.get(operator) ?? []), this.world.now()]);
  }

  /** By an order that came beside this one, and stands without the ledger. */
  private isSpent(sent: Sent | undefined): boolean {
    if (sent?.proof.kind !== 'code' || sent.proof.step === undefined) return false;
    return sent.proof.step <= (this.spent.get(sent.proof.operator) ?? -1);
  }

  private isGood(sent: Sent | undefined): boolean {
    return sent !== undefined && !this.isLocked(sent) && lacks(this.model(), sent, this.clock()) === undefined;
  }

  private clock(): { readonly from: number; readonly to: number } {
    return { from: this.world.now(), to: this.world.now() };
  }

  /** The first answer to a key stands, though the same message would be taken now. */
  private wasRefusedBefore(key: string): boolean {
    return this.receipts.filter(({ request, receipt }) => request.key === key && receipt.kind === 'refused').length > 1;
  }

  private isLocked({ action, proof }: Sent): boolean {
    if (proof.kind !== 'code') return false;
    const { restoreFailures, stopFailures, overallFailures } = this.world.config.throttle;
    const own = this.wrong.get(proof.operator)?.length ?? 0;
    const all = [...this.wrong.values()].flat().length;
    return action === 'sever' ? own >= stopFailures : own >= restoreFailures || all >= overallFailures;
  }
}
