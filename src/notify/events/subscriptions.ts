import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { Entry } from '../../ledger/store';
import type { Refusal } from '../../orders/reasons';
import type { EventType } from './event';
import type { Kept, Outbox } from './outbox';
import { hostOf, MAX_SUBSCRIPTIONS, type Subscription } from './subscription';

/** How often it is decided again because another instance was faster. */
const MAX_CONFLICTS = 10;

/** What a program asks for. */
export interface Wish {
  readonly url: string;
  readonly events: readonly EventType[];
  readonly scopes?: readonly string[];
}

export interface SubscriptionsOptions {
  readonly outbox: Outbox;
  /** Those that are configured. */
  readonly scopes: readonly string[];
  /** Puts it on paper, now or when the ledger is back. */
  readonly note: (entry: Entry) => void;
  readonly logger: Logger;
  readonly now: Clock;
  readonly randomId: () => string;
  readonly randomSecret: () => string;
}

/**
 * Who is told of events. A token sees and ends those that it made and no others. Each call but `known` throws
 * `StoreUnavailable` while the database is away. Making and ending one is on paper, without the address: its path is a
 * secret.
 */
export class Subscriptions {
  private mirror: readonly Subscription[] = [];

  constructor(private readonly options: SubscriptionsOptions) {}

  /** As last seen; without any I/O. */
  known(): readonly Subscription[] {
    return this.mirror;
  }

  async refresh(): Promise<Kept> {
    const kept = await this.options.outbox.subscriptions();
    this.mirror = kept.open;
    return kept;
  }

  /** One for each token and address: the same address again replaces it. */
  async create(token: string, wish: Wish): Promise<Subscription | Refusal> {
    const { outbox, scopes, now, randomId, randomSecret } = this.options;
    if (wish.scopes?.some((scope) => !scopes.includes(scope)))
      return { refused: 'unknown-scope', detail: `There are: ${scopes.join(', ')}.` };
    const { url, events } = wish;
    const added: Subscription = {
      ...{ id: randomId(), token, url, secret: randomSecret(), events: [...new Set(events)], createdAt: now() },
      ...(wish.scopes === undefined ? {} : { scopes: [...new Set(wish.scopes)] }),
    };
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const { open, sealed } = await this.refresh();
      // What was sealed with a key that is gone serves nobody: its token is about to ask anew for all that it wants.
      const old = [...open.filter((one) => one.url === url), ...sealed].filter((one) => one.token === token);
      const replaced = old.map(({ id }) => id);
      const ids = [...open, ...sealed].map(({ id }) => id);
      if (ids.length - replaced.length >= MAX_SUBSCRIPTIONS) return { refused: 'too-many-subscriptions' };
      if (!(await outbox.subscribe(added, replaced, ids))) continue;
      await this.refresh();
      this.told('made', added, replaced.length > 0 ? { replaces: replaced } : {});
      return added;
    }
    throw new Error(`the subscriptions changed ${MAX_CONFLICTS} times while one was to be made`);
  }

  async of(token: string): Promise<readonly Subscription[]> {
    return (await this.refresh()).open.filter((one) => one.token === token);
  }

  /** @returns false when this token has none of that name. */
  async end(token: string, id: string): Promise<boolean> {
    const own = (await this.of(token)).find((one) => one.id === id);
    return own !== undefined && this.remove(own, 'its token ended it');
  }

  /** @param why stands on paper. @returns false when it was not there any more. */
  async remove(subscription: Subscription, why: string): Promise<boolean> {
    const done = await this.options.outbox.end(subscription.id);
    this.mirror = this.mirror.filter(({ id }) => id !== subscription.id);
    if (done) this.told('ended', subscription, { why });
    return done;
  }

  private told(what: 'made' | 'ended', subscription: Subscription, more: Readonly<Record<string, unknown>>): void {
    const { id, token, events, scopes } = subscription;
    const data = {
      ...{ subscription: id, token, events, host: hostOf(subscription), what },
      ...(scopes === undefined ? {} : { scopes }),
      ...more,
    };
    this.options.logger.info(data, `a subscription was ${what}`);
    this.options.note({ kind: 'subscription', data });
  }
}
