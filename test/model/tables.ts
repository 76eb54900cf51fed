import type { Database } from '../../src/ledger/database';

type Row = Readonly<Record<string, unknown>>;
type Params = readonly unknown[];

/** What one commit writes, as the store sends it. */
export interface Wire {
  readonly seq: number;
  readonly hash: string;
  readonly lines: readonly { seq: number; at: number; kind: string; data: string; hash: string }[];
  readonly orders: number;
  readonly newOrders: readonly (Row & { number: number; key: string; scope: string; action: string; by: string })[];
  readonly permit: (Row & { fallback: string }) | null;
  readonly latches: readonly (Row & { scope: string; state: string; order: number })[];
  readonly operators: readonly (Row & { operator: string; lastStep: number; failures: readonly number[] })[];
  readonly backupCodesUsed: readonly string[];
  readonly request: { readonly key: string; readonly outcome: Row } | null;
}

/**
 * The statements of the store on maps, as `schema.sql` has them on Postgres: fast enough for thousands of databases.
 * `faithful.test.ts` holds the two against each other.
 */
export class Tables implements Database {
  head = { seq: 0, at: 0, hash: '0'.repeat(64) };
  orders = 0;
  readonly lines: Wire['lines'][number][] = [];
  readonly latches = new Map<string, Row>();
  readonly permits = new Map<string, Row>();
  readonly operators = new Map<string, Row>();
  readonly backupCodesUsed = new Set<string>();
  readonly requests = new Map<string, { readonly at: number; readonly outcome: Row }>();
  readonly ordered = new Map<number, Row & { answered: boolean }>();
  private readonly snapshots = new Map<string, Row>();
  private readonly memory = new Map<string, string>();
  private readonly leases = new Map<string, { holder: string; fence: number; until: number }>();

  /** @param now milliseconds: the database's own clock. */
  constructor(private readonly now: () => number = Date.now) {}

  async query(text: string, params: unknown[] = []): Promise<{ rows: unknown[] }> {
    const found = statements.find(([start]) => text.trimStart().startsWith(start));
    if (!found) throw new Error(`the tables of the model don't know this statement: ${text}`);
    return { rows: [...found[1](this, params)] };
  }

  state(): Row {
    const { head, orders } = this;
    const rows = { latches: [...this.latches.values()], operators: [...this.operators.values()] };
    const permits = [...this.permits.values()];
    return { head, orders, ...rows, permits, backupCodesUsed: [...this.backupCodesUsed] };
  }

  commit(wire: Wire): string {
    const newest = wire.lines.at(-1);
    if (wire.seq !== this.head.seq || wire.hash !== this.head.hash) return 'conflict';
    if (wire.request && this.requests.has(wire.request.key)) return 'duplicate';
    if (!newest) throw new Error('null value in column "seq" violates not-null constraint');
    const keys = new Set([...this.ordered.values()].map((order) => order.key));
    if (wire.newOrders.some(({ key, number }) => keys.has(key) || this.ordered.has(number)))
      throw new Error('duplicate key value violates unique constraint');
    this.lines.push(...wire.lines);
    this.head = { seq: newest.seq, at: Math.max(this.head.at, newest.at), hash: newest.hash };
    this.orders = wire.orders;
    if (wire.request) this.requests.set(wire.request.key, { at: newest.at, outcome: wire.request.outcome });
    for (const { replyTo, ...order } of wire.newOrders)
      this.ordered.set(order.number, {
        ...{ reason: null, ...order, reply_to: replyTo ?? null },
        answered: replyTo === undefined,
      });
    for (const latch of wire.latches) this.latches.set(latch.scope, latch);
    if (wire.permit) this.permits.set(wire.permit.fallback, wire.permit);
    for (const use of wire.operators) this.operators.set(use.operator, use);
    for (const id of wire.backupCodesUsed) this.backupCodesUsed.add(id);
    return 'committed';
  }

  /** As in `leases.sql`. */
  claim(name: string, holder: string, fence: number, ms: number): Row {
    const now = this.now();
    const before = this.leases.get(name);
    const free = !before || before.fence < fence;
    if (free || (before.fence === fence && (before.holder === holder || before.until <= now)))
      this.leases.set(name, { holder, fence, until: now + ms });
    const standing = this.leases.get(name) ?? { holder, fence, until: now };
    return { holder: standing.holder, fence: standing.fence, leftMs: Math.max(0, standing.until - now) };
  }

  readonly kept = {
    snapshots: (gateway: unknown): Row[] => [...this.snapshots.values()].filter((row) => row.gateway === gateway),
    saveSnapshot: ([gateway, route, sealed]: Params): void =>
      void this.snapshots.set(`${gateway}/${route}`, { gateway, route, sealed }),
    dropSnapshot: ([gateway, route]: Params): void => void this.snapshots.delete(`${gateway}/${route}`),
    recall: (name: unknown): Row[] =>
      [...this.memory].filter(([key]) => key === name).map(([, sealed]) => ({ sealed })),
    remember: ([name, sealed]: Params): void => void this.memory.set(String(name), String(sealed)),
  };
}

const newestFirst = (tables: Tables): (Row & { answered: boolean })[] => [...tables.ordered.values()].reverse();
const none = (_done: unknown): Row[] => [];

const statements: readonly (readonly [start: string, run: (tables: Tables, params: Params) => Iterable<Row>])[] = [
  ['select pullcord.state()', (tables) => [{ state: tables.state() }]],
  ['select pullcord.commit(', (tables, [wire]) => [{ status: tables.commit(JSON.parse(String(wire))) }]],
  [
    'select pullcord.claim(',
    (tables, [name, holder, fence, ms]) => [
      { standing: tables.claim(String(name), String(holder), Number(fence), Number(ms)) },
    ],
  ],
  [
    'select outcome from pullcord.request where key',
    (tables, [key]) => {
      const taken = tables.requests.get(String(key));
      return taken ? [{ outcome: taken.outcome }] : [];
    },
  ],
  [
    'select to_jsonb(o) as row from pullcord.orders o where number',
    (tables, [number]) => newestFirst(tables).flatMap((row) => (row.number === number ? [{ row }] : [])),
  ],
  [
    'select to_jsonb(o) as row from pullcord.orders o where $1',
    (tables, [scope, limit]) =>
      newestFirst(tables)
        .filter((row) => scope === null || row.scope === scope)
        .slice(0, Number(limit))
        .map((row) => ({ row })),
  ],
  [
    'select to_jsonb(o) as row from pullcord.orders o where not answered',
    (tables) => [...tables.ordered.values()].flatMap((row) => (row.answered ? [] : [{ row }])),
  ],
  [
    'update pullcord.orders set answered',
    (tables, [number]) => {
      const order = tables.ordered.get(Number(number));
      if (order) order.answered = true;
      return [];
    },
  ],
  [
    'select to_jsonb(l) as row from pullcord.ledger l',
    (tables, [after, kinds, limit]) =>
      tables.lines
        .filter(({ seq, kind }) => seq > Number(after) && (kinds === null || (kinds as string[]).includes(kind)))
        .slice(0, Number(limit))
        .map((row) => ({ row })),
  ],
  ['select route, sealed from pullcord.snapshot', (tables, [gateway]) => tables.kept.snapshots(gateway)],
  ['insert into pullcord.snapshot', (tables, params) => none(tables.kept.saveSnapshot(params))],
  ['delete from pullcord.snapshot', (tables, params) => none(tables.kept.dropSnapshot(params))],
  ['select sealed from pullcord.memory', (tables, [name]) => tables.kept.recall(name)],
  ['insert into pullcord.memory', (tables, params) => none(tables.kept.remember(params))],
  ['delete from pullcord.request', () => []],
];
