import type { Logger } from 'pino';
import type { Entry, Store } from '../ledger/store';
import { type Desk, isFinal } from '../orders/desk';
import type { Order } from '../orders/order';
import { replyEntries } from './reply-entry';

export interface ResultsOptions {
  readonly desk: Desk;
  readonly store: Store;
  /** Hands the result to whatever delivers and retries it. Rejects when it can't be handed over. */
  readonly deliver: (order: Order) => Promise<void>;
  /** Tells how far it is, once. Not by the queue: that takes one reply an order, and this one isn't the last. */
  readonly interim: (order: Order) => Promise<void>;
  /** Puts a line on paper, now or when the ledger is back. Must not throw. */
  readonly note: (entry: Entry) => void;
  readonly logger: Logger;
  /** After so long the sender is told how far it is, though it isn't over. Milliseconds. */
  readonly interimMs?: number;
}

const INTERIM_MS = 30_000;

/**
 * An order that is over, and whose sender was told nothing for so long, is answered by whoever notices: the instance
 * that took it may be dead. Far longer than a door takes for its last word. Milliseconds.
 */
const ADOPT_MS = 3_000;

/** So many of them are remembered until the ledger is back. */
const EARLY_KEPT = 200;

/** How long a wait for the end lasts at most before it looks again. Milliseconds. */
const LOOK_MS = 60_000;

/** Brings the result to those for whom it came too late for the door's own answer; over restarts too. */
export class Results {
  private readonly following = new Set<Promise<void>>();
  private readonly keys = new Set<string>();
  /** Orders that are over and not answered, and since when this instance knows it. */
  private orphans: ReadonlyMap<number, number> = new Map();
  /** Stops that were answered before they had a number. */
  private readonly toldEarly = new Set<string>();
  private closed = false;

  constructor(private readonly options: ResultsOptions) {}

  /** Takes up what an earlier life of this process owes an answer. */
  async resume(): Promise<void> {
    for (const order of await this.options.store.unanswered()) this.follow(order);
  }

  /** Answers for instances that can't any more. To be called every second or so, where there are several. */
  async adopt(now: number = performance.now()): Promise<void> {
    const { store, desk } = this.options;
    const unanswered = await store.unanswered();
    const owed = unanswered.filter(({ key }) => !this.toldEarly.has(key));
    for (const { number, key } of unanswered)
      if (this.toldEarly.has(key)) await store.answered(number).then(() => this.toldEarly.delete(key));
    const over = await Promise.all(owed.map(async (order) => isFinal(await desk.outcome(order, 0))));
    const orphans = owed.filter((order, i) => over[i] && !this.keys.has(order.key));
    this.orphans = new Map(orphans.map(({ number }) => [number, this.orphans.get(number) ?? now]));
    for (const order of orphans) if (now - (this.orphans.get(order.number) ?? now) >= ADOPT_MS) this.follow(order);
  }

  /** The result could not be told at once: tell it when it is there. */
  follow(order: Order): void {
    if (order.replyTo === undefined || this.keys.has(order.key)) return;
    this.keys.add(order.key);
    const work = this.tell(order)
      .catch((error) => this.options.logger.error({ err: error, order: order.number }, 'a result could not be told'))
      .finally(() => {
        this.following.delete(work);
        this.keys.delete(order.key);
      });
    this.following.add(work);
  }

  /** The door has told the result itself. */
  async told(order: Order, text?: string): Promise<void> {
    if (text !== undefined) for (const entry of replyEntries(order, text)) this.options.note(entry);
    if (order.number > 0) return this.options.store.answered(order.number);
    const [oldest] = this.toldEarly;
    if (oldest !== undefined && this.toldEarly.size >= EARLY_KEPT) this.toldEarly.delete(oldest);
    this.toldEarly.add(order.key);
  }

  /** What is still owed is found again at the next start. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.following);
  }

  /** Whether nobody has told it yet: a door, or an earlier life of this process. In doubt it is told again. */
  private async owed({ number }: Order): Promise<boolean> {
    if (number === 0) return true;
    const owed = await this.options.store.unanswered().catch(() => undefined);
    return owed === undefined || owed.some((order) => order.number === number);
  }

  private async tell(order: Order): Promise<void> {
    const { desk, deliver, interim, logger } = this.options;
    let outcome = await desk.outcome(order, this.options.interimMs ?? INTERIM_MS);
    if (!isFinal(outcome) && !this.closed)
      await interim(order).catch((error) =>
        logger.warn({ err: error, order: order.number }, 'how far it is could not be told; the result will be'),
      );
    while (!isFinal(outcome) && !this.closed) outcome = await desk.outcome(order, LOOK_MS);
    if (this.closed || !(await this.owed(order))) return;
    await deliver(order);
    await this.told(order);
  }
}
