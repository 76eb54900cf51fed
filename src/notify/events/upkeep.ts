import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { DeliveryIds, Outbox } from './outbox';
import { KEPT, KEPT_MS, LEASE_MS } from './schedule';
import { hostOf, type Subscription } from './subscription';
import type { Subscriptions } from './subscriptions';

/** How often it is looked for what nobody takes care of. Milliseconds. */
const LOOK_MS = 15_000;
/** Of one subscription in each look: what waits behind follows upon each success. */
const PER_LOOK = 2;
/** A receiver that takes nothing for so long is told to people. Milliseconds. */
const FAILING_MS = 24 * 60 * 60_000;

export interface UpkeepOptions {
  readonly outbox: Outbox;
  readonly subscriptions: Subscriptions;
  /** Names of the tokens that may have events sent to them. */
  readonly tokens: readonly string[];
  /** Somebody takes this one up. Must not throw. */
  readonly bring: (ids: DeliveryIds) => void;
  readonly trouble: (key: string, text: string) => void;
  readonly cleared: (key: string, text: string) => void;
  readonly logger: Logger;
  readonly now: Clock;
  /** Milliseconds. */
  readonly lookMs?: number;
}

const SEALED = 'subscriptions';
const troubleOf = (id: string): string => `subscription ${id}`;

/**
 * Looks again and again after what is owed: at the start, when the queue has lost it, when nobody took it for long. Lets
 * go of what is too old, and tells people of a receiver that takes nothing. Fails towards looking again; never throws.
 */
export class Upkeep {
  private readonly failing = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private woken = false;
  private closed = false;
  /** Whether the outbox answered when it was last asked. */
  private answers = true;

  constructor(private readonly options: UpkeepOptions) {}

  async start(): Promise<void> {
    this.timer = setInterval(() => void this.look(), this.options.lookMs ?? LOOK_MS).unref();
    await this.look();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.looking;
  }

  private look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    const { outbox, subscriptions, bring, logger, now } = this.options;
    try {
      const { open, sealed } = await subscriptions.refresh();
      await this.endStrangers(open);
      this.watchSealed(sealed.length);
      this.watchFailing(open);
      const lost = await outbox.prune(now() - KEPT_MS, KEPT);
      if (lost > 0) logger.error({ deliveries: lost }, 'events were forgotten that nobody had taken');
      // Once: whoever had taken them up in an earlier life of this process may be gone.
      if (!this.woken) await outbox.wake(now());
      this.woken = true;
      for (const ids of await outbox.claim(now(), now() + LEASE_MS, PER_LOOK)) bring(ids);
      this.answers = true;
    } catch (error) {
      if (this.answers && !this.closed) logger.warn({ err: error }, 'what is owed to subscribers is not known');
      this.answers = false;
    }
  }

  private watchSealed(count: number): void {
    const { trouble, cleared } = this.options;
    if (count === 0) cleared(SEALED, 'All subscriptions open again.');
    else trouble(SEALED, `${count} subscriptions do not open with this PULLCORD_KEY: subscribe again.`);
  }

  private watchFailing(all: readonly Subscription[]): void {
    const { trouble, cleared, now } = this.options;
    const long = all.filter(({ failingSince }) => failingSince !== undefined && now() - failingSince >= FAILING_MS);
    for (const one of long) {
      const who = `${hostOf(one)} (token ${one.token})`;
      trouble(troubleOf(one.id), `${who} has taken no event for a day: look after it, or end its subscription.`);
    }
    const ids = new Set(long.map(({ id }) => id));
    for (const id of this.failing)
      if (!ids.has(id)) cleared(troubleOf(id), 'A subscriber takes events again, or has ended.');
    this.failing.clear();
    for (const id of ids) this.failing.add(id);
  }

  /** Who took a name out of the configuration means it. */
  private async endStrangers(all: readonly Subscription[]): Promise<void> {
    const { subscriptions, tokens } = this.options;
    for (const one of all)
      if (!tokens.includes(one.token)) await subscriptions.remove(one, 'no token of that name may have events');
  }
}
