import { bounded } from '../../ledger/bounded';
import type { Database } from '../../ledger/database';
import type { Sealer } from '../../ledger/sql-store';
import { StoreUnavailable } from '../../ledger/store';
import type { EventType } from './event';
import type { Delivery, DeliveryIds, Outbox } from './outbox';
import type { Subscription } from './subscription';

export interface SqlOutboxOptions {
  readonly database: Database;
  readonly sealer: Sealer;
  /** Bound of every call, in milliseconds. */
  readonly timeoutMs: number;
}

/** The outbox on PGlite or Postgres; the tables are in `ledger/outbox.sql`. */
export function createSqlOutbox({ database, sealer, timeoutMs }: SqlOutboxOptions): Outbox {
  const rows = async <R>(text: string, params: unknown[] = []): Promise<R[]> => {
    try {
      return (await bounded(database.query(text, params), timeoutMs, 'the ledger')).rows as R[];
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      throw new StoreUnavailable(`the ledger refuses: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const opened = (raw: RawSubscription): Subscription | undefined => {
    try {
      const secrets = JSON.parse(sealer.open(raw.sealed, about(raw.id))) as Pick<Subscription, 'url' | 'secret'>;
      return { ...toSubscription(raw), ...secrets };
    } catch {
      return undefined;
    }
  };

  return {
    subscriptions: async () => {
      const found = await rows<{ row: RawSubscription }>(
        'select to_jsonb(s) as row from pullcord.subscription s order by created_at, id',
      );
      const all = found.map(({ row }) => opened(row) ?? { id: row.id, token: row.token });
      return { open: all.filter((one) => 'url' in one), sealed: all.filter((one) => !('url' in one)) };
    },

    subscribe: async ({ id, token, url, secret, events, scopes = null, createdAt }, replaced, seen) => {
      const sealed = sealer.seal(JSON.stringify({ url, secret }), about(id));
      const change = { added: { id, token, sealed, events, scopes, createdAt }, replaced, seen: [...seen].sort() };
      const [row] = await rows<{ done: boolean }>('select pullcord.subscribe($1) as done', [JSON.stringify(change)]);
      return row?.done === true;
    },

    end: async (id) => (await rows('delete from pullcord.subscription where id = $1 returning id', [id])).length > 0,

    put: async ({ id, type, scope = null, at }, body, due, past = false) => {
      const news = JSON.stringify({ id, type, scope, at: Date.parse(at), body, due, past });
      const owed = await rows<{ subscription: string }>('select pullcord.put_event($1) as subscription', [news]);
      return owed.map(({ subscription }) => subscription);
    },

    owed: async ({ subscription, event }) => {
      const [found] = await rows<{ row: RawSubscription; type: EventType; body: string; attempts: number }>(
        `select to_jsonb(s) as row, e.type, e.body, d.attempts from pullcord.delivery d
         join pullcord.subscription s on s.id = d.subscription join pullcord.event e on e.id = d.event
         where d.subscription = $1 and d.event = $2`,
        [subscription, event],
      );
      const to = found && opened(found.row);
      if (!to) return undefined;
      const { type, body, attempts } = found;
      return { subscription: to, event: { id: event, type }, body, attempts } satisfies Delivery;
    },

    taken: async ({ subscription, event }, at, status) => {
      await rows(
        `with gone as (delete from pullcord.delivery where subscription = $1 and event = $2),
         woken as (update pullcord.delivery set due = $3 where subscription = $1 and event <> $2 and due > $3
           and exists (select from pullcord.subscription where id = $1 and failing_since is not null))
         update pullcord.subscription set last_at = $3, last_ok = true, last_status = $4, failing_since = null
         where id = $1`,
        [subscription, event, at, status],
      );
    },

    failed: async ({ subscription, event }, at, status, dueAt) => {
      await rows(
        `with tried as (update pullcord.delivery set attempts = attempts + 1, due = $5
           where subscription = $1 and event = $2)
         update pullcord.subscription set last_at = $3, last_ok = false, last_status = $4,
           failing_since = coalesce(failing_since, $3) where id = $1`,
        [subscription, event, at, status ?? null, dueAt],
      );
    },

    claim: (now, leaseUntil, perSubscription, only) =>
      rows<DeliveryIds>(
        `update pullcord.delivery d set due = $2 from (
           select subscription, event, row_number() over (partition by d.subscription order by d.due, e.at) as place
           from pullcord.delivery d join pullcord.event e on e.id = d.event
           where d.due <= $1 and ($4::text is null or d.subscription = $4)
         ) w where w.place <= $3 and d.subscription = w.subscription and d.event = w.event and d.due <= $1
         returning d.subscription, d.event`,
        [now, leaseUntil, perSubscription, only ?? null],
      ),

    backlog: async () => {
      const [row] = await rows<{ deliveries: number; oldest: number | null }>(
        `select count(*)::int as deliveries, min(e.at)::float8 as oldest
         from pullcord.delivery d join pullcord.event e on e.id = d.event`,
      );
      return { deliveries: row?.deliveries ?? 0, oldestAt: row?.oldest ?? undefined };
    },

    wake: async (now) => void (await rows('update pullcord.delivery set due = $1 where due > $1', [now])),

    prune: async (before, newest) => {
      const [row] = await rows<{ owed: number }>(
        `with old as (delete from pullcord.event where at < $1
           or id in (select id from pullcord.event order by at desc offset $2) returning id)
         select count(*)::int as owed from pullcord.delivery where event in (select id from old)`,
        [before, newest],
      );
      return row?.owed ?? 0;
    },
  };
}

const about = (id: string): string => `subscription ${id}`;

interface RawSubscription {
  readonly id: string;
  readonly token: string;
  readonly sealed: string;
  readonly events: readonly EventType[];
  readonly scopes: readonly string[] | null;
  readonly created_at: number;
  readonly last_at: number | null;
  readonly last_ok: boolean | null;
  readonly last_status: number | null;
  readonly failing_since: number | null;
}

function toSubscription(raw: RawSubscription): Omit<Subscription, 'url' | 'secret'> {
  const { id, token, events, scopes, created_at, last_at, last_ok, last_status, failing_since } = raw;
  const last = last_at !== null && { at: last_at, ok: last_ok === true, ...given('status', last_status) };
  return {
    ...{ id, token, events, createdAt: created_at },
    ...given('scopes', scopes),
    ...given('lastDelivery', last || null),
    ...given('failingSince', failing_since),
  };
}

const given = <K extends string, V>(key: K, value: V | null): { readonly [Key in K]?: V } =>
  (value === null ? {} : { [key]: value }) as { readonly [Key in K]?: V };
