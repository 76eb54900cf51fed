import type { Order } from '../../orders/order';
import type { Line } from '../store';
import type { Shelf } from './paper';

type Rows = <R>(text: string, params: unknown[]) => Promise<R[]>;

interface Options {
  readonly rows: Rows;
  readonly order: (number: number) => Promise<Order | undefined>;
  /** An order as the table has it. */
  readonly toOrder: (row: never) => Order;
}

type RawLine = Omit<Line, 'data'> & { readonly data: string };

/** The ledger as incidents are read from it, on PGlite and Postgres alike; by the index on kind and number. */
export function sqlShelf({ rows, order, toOrder }: Options): Shelf {
  const ordersOf = async (where: string, params: unknown[]): Promise<Order[]> =>
    (await rows<{ row: never }>(`select to_jsonb(o) as row from pullcord.orders o where ${where}`, params)).map(
      ({ row }) => toOrder(row),
    );
  const linesOf = async (where: string, params: unknown[]): Promise<Line[]> =>
    (await rows<{ row: RawLine }>(`select to_jsonb(l) as row from pullcord.ledger l where ${where}`, params)).flatMap(
      ({ row }) => lineOf(row),
    );
  return {
    order,
    orderBefore: async ({ scope, number }) =>
      (await ordersOf('scope = $1 and number < $2 order by number desc limit 1', [scope, number]))[0],
    ordersFrom: ({ scope, number }, limit) =>
      ordersOf('scope = $1 and number >= $2 order by number limit $3', [scope, number, limit]),
    find: async ({ kind, has, before }) => {
      const where = 'kind = $1 and strpos(data, $2) > 0 and seq < $3 order by seq desc limit 1';
      return (await linesOf(where, [kind, has, before ?? Number.MAX_SAFE_INTEGER]))[0];
    },
    span: async ({ kinds, after, before, has, limit, newest }) => {
      const where = `kind = any ($1) and seq > $2 and seq < $3 and ($4::text is null or strpos(data, $4) > 0)
        order by seq ${newest ? 'desc' : ''} limit $5`;
      const lines = await linesOf(where, [kinds, after, before ?? Number.MAX_SAFE_INTEGER, has ?? null, limit]);
      return newest ? lines.reverse() : lines;
    },
  };
}

/** What somebody has spoilt is left out here: `pullcord ledger verify` finds it. */
function lineOf({ data, ...line }: RawLine): Line[] {
  try {
    const read: unknown = JSON.parse(data);
    return typeof read === 'object' && read !== null ? [{ ...line, data: read as Line['data'] }] : [];
  } catch {
    return [];
  }
}
