import fc from 'fast-check';
import { incidents } from '../../src/ledger/incident';
import type { Line } from '../../src/ledger/store';
import type { Action, Order } from '../../src/orders/order';

const order = (number: number, action: Action, scope = 'agent', by = 'alice'): Order => ({
  ...{ number, action, scope, by, key: `k${number}`, source: 'sms', correlation: `c${number}`, at: number * 1000 },
});
const rest = (kind: 'severed' | 'restored', of: number, scope = 'agent'): Line => ({
  ...{ seq: of * 10, at: of * 1000 + 5, kind, data: { scope, order: of }, hash: '' },
});

describe('incidents', () => {
  it('one that is over: from the sever to the restore that was seen', () => {
    expect(incidents([order(1, 'sever'), order(2, 'restore')], [rest('severed', 1), rest('restored', 2)], 10)).toEqual([
      {
        ...{ number: 1, scope: 'agent', openedBy: 'alice', openedAt: 1000 },
        ...{ severedAt: 1005, closedAt: 2005, orders: [1, 2] },
      },
    ]);
  });

  it('one that nobody has seen yet is open, and so is one whose restore was not seen', () => {
    expect(incidents([order(1, 'sever')], [], 10)).toEqual([
      { number: 1, scope: 'agent', openedBy: 'alice', openedAt: 1000, orders: [1] },
    ]);
    const [open] = incidents([order(1, 'sever'), order(2, 'restore')], [rest('severed', 1)], 10);
    expect(open).toMatchObject({ severedAt: 1005, orders: [1, 2] });
    expect(open).not.toHaveProperty('closedAt');
  });

  it('a stop that overtakes a restore belongs to the same one; a stop after it was seen opens another', () => {
    const overtaken = [order(1, 'sever'), order(2, 'restore'), order(3, 'sever', 'agent', 'bob')];
    expect(incidents(overtaken, [rest('severed', 1), rest('severed', 3)], 10)).toMatchObject([
      { number: 1, openedBy: 'alice', severedAt: 1005, orders: [1, 2, 3] },
    ]);
    expect(incidents(overtaken, [rest('severed', 1), rest('restored', 2)], 10)).toMatchObject([
      { number: 3, openedBy: 'bob', orders: [3] },
      { number: 1, closedAt: 2005, orders: [1, 2] },
    ]);
  });

  it('first seen under a later stop', () => {
    expect(incidents([order(1, 'sever'), order(2, 'sever')], [rest('severed', 2)], 10)).toMatchObject([
      { number: 1, severedAt: 2005, orders: [1, 2] },
    ]);
  });

  it('each scope has its own', () => {
    const mixed = [order(1, 'sever'), order(2, 'sever', 'llm'), order(3, 'restore'), order(4, 'restore', 'llm')];
    expect(incidents(mixed, [rest('restored', 4, 'llm')], 10)).toMatchObject([
      { number: 2, scope: 'llm', closedAt: 4005, orders: [2, 4] },
      { number: 1, scope: 'agent', orders: [1, 3] },
    ]);
  });

  it('a restore of what began before the first order tells of nothing, and other lines are skipped', () => {
    const others: Line[] = [
      { seq: 1, at: 1, kind: 'restored', data: {}, hash: '' },
      { seq: 2, at: 2, kind: 'drift', data: { order: 6 }, hash: '' },
    ];
    expect(incidents([order(5, 'restore'), order(6, 'sever')], others, 10)).toEqual([
      { number: 6, scope: 'agent', openedBy: 'alice', openedAt: 6000, orders: [6] },
    ]);
  });

  it('whatever came: newest first, bounded, every order in at most one, and one open a scope', () => {
    const step = fc.record({
      action: fc.constantFrom<Action>('sever', 'restore'),
      scope: fc.constantFrom('agent', 'llm'),
      seen: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat({ max: 10 }), (steps, limit) => {
        const orders = steps.map(({ action, scope }, i) => order(i + 1, action, scope));
        const lines = steps.flatMap(({ action, scope, seen }, i) =>
          seen ? [rest(action === 'sever' ? 'severed' : 'restored', i + 1, scope)] : [],
        );
        const all = incidents([...orders].reverse(), lines, 1_000);
        const told = all.flatMap((one) => one.orders);
        expect(new Set(told).size).toBe(told.length);
        for (const { number, action } of orders) if (action === 'sever') expect(told).toContain(number);
        expect(all.map(({ number }) => number)).toEqual(all.map((one) => one.orders[0]));
        expect(all.map(({ number }) => number)).toEqual(all.map(({ number }) => number).sort((a, b) => b - a));
        for (const scope of ['agent', 'llm'])
          expect(all.filter((one) => one.scope === scope && one.closedAt === undefined).length).toBeLessThan(2);
        expect(incidents(orders, lines, limit)).toEqual(all.slice(0, limit));
      }),
    );
  });
});
