import { Standings } from '../../src/desk/standing';
import type { Latch } from '../../src/latch/latch';
import type { SpooledStop } from '../../src/ledger/spool';
import type { Order } from '../../src/orders/order';
import { request } from '../support/desk';

const order = (number: number, by: string, reason?: string): Order => ({
  ...{ ...request('sever'), number, by, at: number },
  ...(reason === undefined ? {} : { reason }),
});
const latch = (number: number): Latch => ({ scope: 'agent', state: 'severed', order: number, since: number });

let spooled: SpooledStop[] = [];
let written: Order[] = [];
let asked: number[] = [];
let newest = latch(7);
const standings = () =>
  new Standings({
    store: {
      mirror: () => ({ latches: new Map([['agent', newest]]) }) as never,
      order: async (number) => {
        asked.push(number);
        return written.find((one) => one.number === number);
      },
    },
    spool: { all: () => spooled },
    enforcer: {
      sightBy: (cutter, _scope, cut) =>
        cutter === 'apisix other' ? undefined : { seen: cut, missing: cut ? [] : [`${cutter} misses`] },
    },
    gateways: new Map([
      ['main', 'apisix main'],
      ['other', 'apisix other'],
    ]),
  });

beforeEach(() => {
  spooled = [];
  written = [];
  asked = [];
  newest = latch(7);
});

it('tells who ordered it and why, and asks nobody for it', () => {
  const known = standings();
  known.ordered(order(7, 'alice', 'it runs away'));
  known.ordered(order(5, 'bob'));
  expect(known.of(latch(7))).toEqual({
    ...{ by: 'alice', reason: 'it runs away' },
    gateways: [{ name: 'main', seen: true, missing: [] }],
  });
  expect(known.of({ ...latch(7), state: 'live' }).gateways).toEqual([
    { name: 'main', seen: false, missing: ['apisix main misses'] },
  ]);
  expect(asked).toEqual([]);
});

it('says nothing of who, where it has heard of another order alone', () => {
  const known = standings();
  known.ordered(order(6, 'alice'));
  expect(known.of(latch(7))).not.toHaveProperty('by');
});

it('looks up once what another instance, or an earlier life, ordered', async () => {
  const known = standings();
  written = [order(7, 'bob', 'why')];
  await known.refresh();
  await known.refresh();
  expect(known.of(latch(7))).toMatchObject({ by: 'bob', reason: 'why' });
  expect(asked).toEqual([7]);
  newest = latch(0);
  await known.refresh();
  expect(asked).toEqual([7]);
});

it('of a stop that the ledger does not know yet tells who gave it', () => {
  const known = standings();
  known.ordered(order(7, 'alice'));
  known.ordered({ ...order(0, 'carol'), number: 0 });
  spooled = [{ request: { ...request('sever'), reason: 'now' } as SpooledStop['request'], by: 'bob', at: 9 }];
  expect(known.of({ ...latch(7), since: 9 })).toMatchObject({ by: 'bob', reason: 'now' });
  expect(known.of(latch(7))).toMatchObject({ by: 'alice' });
});
