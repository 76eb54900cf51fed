import type { Clock } from '../clock';
import type { Permit } from '../fallback/permit';
import type { Order } from '../orders/order';
import { bounded } from './bounded';
import { chain, type SealedLine } from './chain';
import type { Database, Way } from './database';
import { DrillShelf, type KeptDrill } from './drill-shelf';
import { applyChange } from './state';
import {
  type Change,
  type Committed,
  type Line,
  type LineQuery,
  type OperatorUse,
  type RequestOutcome,
  type Snapshot,
  type State,
  type Store,
  StoreUnavailable,
} from './store';
import type { Shelf } from './story/paper';
import { sqlShelf } from './story/sql-shelf';

/** Encrypts what holds secrets. `about` is bound to the text: a sealed snapshot can't pass for another one's. */
export interface Sealer {
  seal(text: string, about: string): string;
  open(sealed: string, about: string): string;
}

export interface SqlStoreOptions {
  readonly database: Database;
  /** Seals the chain of lines. */
  readonly ledgerKey: Buffer;
  readonly sealer: Sealer;
  readonly now: Clock;
  /** Bound of every call, in milliseconds. */
  readonly timeoutMs: number;
  /** Told after each commit; for the anchor that stands outside of the database. */
  readonly onHead?: (head: State['head']) => void;
  /** Told how long the database took for a write, and whether it said that it was written. Must not throw. */
  readonly onWrite?: ((ok: boolean, ms: number) => void) | undefined;
}

/** How often a decision is taken again because another instance was faster. */
const MAX_CONFLICTS = 50;

/** A request's key is remembered for so long. A one-time password of that age is worthless by then. */
const REQUEST_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The store on SQL: see `Store` for what it promises. It fails towards "unavailable", never towards a guess. */
export class SqlStore implements Store {
  private state: State | undefined;
  private tail: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: SqlStoreOptions) {}

  mirror(): State | undefined {
    return this.state;
  }

  async refresh(): Promise<State> {
    const before = this.state;
    const [row] = await this.rows<{ state: RawState }>('select pullcord.state() as state');
    if (!row?.state.head) throw new StoreUnavailable('the ledger has no head: restore the database from a backup');
    // A commit that went on meanwhile knows better than an answer that was under way.
    const overtaken = this.state !== before && this.state && row.state.head.seq < this.state.head.seq;
    if (!overtaken && !(this.state && sameHead(row.state.head, this.state.head))) this.state = toState(row.state);
    return this.state as State;
  }

  /** Commits of one process stand in line: they would only conflict with each other. */
  commit(decide: (state: State) => Change | undefined): Promise<Committed> {
    const turn = this.tail.then(() => this.compareAndSet(decide));
    this.tail = turn.catch(() => undefined);
    return turn;
  }

  private async compareAndSet(decide: (state: State) => Change | undefined): Promise<Committed> {
    let state = this.state ?? (await this.refresh());
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const change = decide(state);
      if (!change || change.entries.length === 0) return { status: 'committed', state };
      const lines = chain(this.options.ledgerKey, state.head, change.entries, this.options.now());
      const [row] = await this.written(JSON.stringify(toWire(state, change, lines)));
      if (row?.status === 'committed') {
        const after = applyChange(state, change, lines);
        // A refresh that went on meanwhile may know better: of an order by another instance, for one.
        if (!this.state || this.state === state || this.state.head.seq < after.head.seq) this.state = after;
        this.options.onHead?.(after.head);
        return { status: 'committed', state: after };
      }
      if (row?.status === 'duplicate' && change.request)
        return { status: 'duplicate', outcome: await this.outcomeOf(change.request.key) };
      state = await this.refresh();
    }
    throw new StoreUnavailable(`the ledger changed ${MAX_CONFLICTS} times while one line was to be written`);
  }

  private async outcomeOf(key: string): Promise<RequestOutcome> {
    const [row] = await this.rows<{ outcome: RequestOutcome }>('select outcome from pullcord.request where key = $1', [
      key,
    ]);
    if (!row) throw new StoreUnavailable(`the request ${key} was taken but its outcome is gone`);
    return row.outcome;
  }

  async order(number: number): Promise<Order | undefined> {
    const [row] = await this.rows<{ row: RawOrder }>(
      'select to_jsonb(o) as row from pullcord.orders o where number = $1',
      [number],
    );
    return row && toOrder(row.row);
  }

  async orders(query: { readonly scope?: string; readonly limit: number }): Promise<readonly Order[]> {
    const rows = await this.rows<{ row: RawOrder }>(
      `select to_jsonb(o) as row from pullcord.orders o where $1::text is null or scope = $1
       order by number desc limit $2`,
      [query.scope ?? null, query.limit],
    );
    return rows.map(({ row }) => toOrder(row));
  }

  async unanswered(): Promise<readonly Order[]> {
    const rows = await this.rows<{ row: RawOrder }>(
      'select to_jsonb(o) as row from pullcord.orders o where not answered order by number',
    );
    return rows.map(({ row }) => toOrder(row));
  }

  async answered(order: number): Promise<void> {
    await this.rows('update pullcord.orders set answered = true where number = $1', [order]);
  }

  async sealedLines({ after, limit, kinds }: LineQuery): Promise<SealedLine[]> {
    const newest = after === undefined;
    const rows = await this.rows<{ row: SealedLine }>(
      `select to_jsonb(l) as row from pullcord.ledger l
       where seq > $1 and ($2::text[] is null or kind = any ($2)) order by seq ${newest ? 'desc' : ''} limit $3`,
      [after ?? 0, kinds ?? null, limit],
    );
    const lines = rows.map(({ row }) => row);
    return newest ? lines.reverse() : lines;
  }

  async lines(query: LineQuery): Promise<readonly Line[]> {
    return (await this.sealedLines(query)).map((line) => ({ ...line, data: JSON.parse(line.data) as Line['data'] }));
  }

  /**
   * The newest lines about one correlation, in the order of their numbers.
   * @param among so many of the newest lines are gone through.
   */
  async linesAbout(correlation: string, among: number, limit: number): Promise<readonly Line[]> {
    const rows = await this.rows<{ row: SealedLine }>(
      `select to_jsonb(l) as row from pullcord.ledger l
       where seq > (select seq from pullcord.head) - $2 and strpos(data, $1) > 0 order by seq desc limit $3`,
      [`"correlation":${JSON.stringify(correlation)}`, among, limit],
    );
    return rows.map(({ row }) => ({ ...row, data: JSON.parse(row.data) as Line['data'] })).reverse();
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    const { gateway, route } = snapshot;
    const sealed = this.options.sealer.seal(JSON.stringify(snapshot), aboutSnapshot(gateway, route));
    await this.rows(
      `insert into pullcord.snapshot (gateway, route, sealed) values ($1, $2, $3)
       on conflict (gateway, route) do update set sealed = excluded.sealed`,
      [gateway, route, sealed],
    );
  }

  async snapshots(gateway: string): Promise<readonly Snapshot[]> {
    const rows = await this.rows<{ route: string; sealed: string }>(
      'select route, sealed from pullcord.snapshot where gateway = $1 order by route',
      [gateway],
    );
    return rows.map(
      ({ route, sealed }) => JSON.parse(this.options.sealer.open(sealed, aboutSnapshot(gateway, route))) as Snapshot,
    );
  }

  async dropSnapshot(gateway: string, route: string): Promise<void> {
    await this.rows('delete from pullcord.snapshot where gateway = $1 and route = $2', [gateway, route]);
  }

  async recall(name: string): Promise<unknown> {
    const [row] = await this.rows<{ sealed: string }>('select sealed from pullcord.memory where name = $1', [name]);
    return row && JSON.parse(this.options.sealer.open(row.sealed, `memory ${name}`));
  }

  async remember(name: string, value: unknown): Promise<void> {
    await this.rows(
      `insert into pullcord.memory (name, sealed) values ($1, $2)
       on conflict (name) do update set sealed = excluded.sealed`,
      [name, this.options.sealer.seal(JSON.stringify(value), `memory ${name}`)],
    );
  }

  /** Forgets requests that are too old to be repeated by any provider. A key that made an order stays that order's. */
  async prune(): Promise<void> {
    await this.rows(`delete from pullcord.request where at < $1 and not outcome ? 'order'`, [
      this.options.now() - REQUEST_DAYS * DAY_MS,
    ]);
  }

  drillShelf<T extends KeptDrill>(): DrillShelf<T> {
    return new DrillShelf((text, params) => this.rows(text, params));
  }

  incidentShelf(): Shelf {
    const order = (number: number) => this.order(number);
    return sqlShelf({ rows: (text, params) => this.rows(text, params), order, toOrder });
  }

  async close(): Promise<void> {
    await this.tail;
  }

  /** @throws StoreUnavailable, in doubt when the database may have written it without saying so. */
  private async written(change: string): Promise<{ status: string }[]> {
    const way: Way = {};
    const began = performance.now();
    const ended = (ok: boolean): void => this.options.onWrite?.(ok, performance.now() - began);
    try {
      const rows = await this.rows<{ status: string }>('select pullcord.commit($1) as status', [change], way);
      ended(true);
      return rows;
    } catch (error) {
      ended(false);
      way.givenUp = true;
      if (!(error instanceof Error) || !way.sent || isRefusal(error.cause)) throw error;
      throw new StoreUnavailable(error.message, true);
    }
  }

  private async rows<R>(text: string, params: unknown[] = [], way?: Way): Promise<R[]> {
    const { database, timeoutMs } = this.options;
    try {
      const asked = way && database.send ? database.send(text, params, way) : database.query(text, params);
      return (await bounded(asked, timeoutMs, 'the ledger')).rows as R[];
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw Object.assign(new StoreUnavailable(`the ledger refuses: ${why}`), { cause: error });
    }
  }
}

/** The database's own word that nothing was written; what ends a session (class 57) says nothing of its last statement. */
const isRefusal = (cause: unknown): boolean =>
  cause instanceof Error && 'severity' in cause && !('code' in cause && String(cause.code).startsWith('57'));

const sameHead = (a: State['head'], b: State['head']): boolean => a.seq === b.seq && a.hash === b.hash;

const aboutSnapshot = (gateway: string, route: string): string => `snapshot ${gateway} ${route}`;

function toWire(state: State, change: Change, lines: readonly SealedLine[]): Record<string, unknown> {
  return {
    seq: state.head.seq,
    hash: state.head.hash,
    lines,
    orders: change.order?.number ?? change.permit?.order ?? state.orders,
    permit: change.permit ?? null,
    newOrders: change.order ? [change.order] : [],
    latches: change.latches ?? [],
    operators: change.operators ?? [],
    backupCodesUsed: change.backupCodesUsed ?? [],
    request: change.request ?? null,
  };
}

interface RawState {
  readonly head: State['head'];
  readonly orders: number;
  readonly latches: readonly (State['latches'] extends ReadonlyMap<string, infer L> ? L : never)[];
  readonly permits: readonly Permit[];
  readonly operators: readonly OperatorUse[];
  readonly backupCodesUsed: readonly string[];
}

function toState(raw: RawState): State {
  return {
    head: raw.head,
    orders: raw.orders,
    latches: new Map(raw.latches.map((latch) => [latch.scope, latch])),
    permits: new Map(raw.permits.map((permit) => [permit.fallback, permit])),
    operators: new Map(raw.operators.map((use) => [use.operator, use])),
    backupCodesUsed: new Set(raw.backupCodesUsed),
  };
}

interface RawOrder extends Omit<Order, 'reason' | 'replyTo'> {
  readonly reason: string | null;
  readonly reply_to: string | null;
}

function toOrder(raw: RawOrder): Order {
  const { number, key, action, scope, source, by, correlation, at, reason, reply_to } = raw;
  return {
    ...{ number, key, action, scope, source, by, correlation, at },
    ...(reason === null ? {} : { reason }),
    ...(reply_to === null ? {} : { replyTo: reply_to }),
  };
}
