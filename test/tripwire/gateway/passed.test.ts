import fc from 'fast-check';
import { Passage } from '../../../src/tripwire/gateway/passed';

const S = 1_000;
const count = (routes: Readonly<Record<string, number>>, host = 'a', blurred: readonly string[] = []) => ({
  ...{ host, routes: new Map(Object.entries(routes)), blurred: new Set(blurred) },
});
const passage = (routes: readonly string[] | 'unknown' = ['chat']) =>
  new Passage({ routesOf: () => (routes === 'unknown' ? undefined : new Set(routes)) });

it('counts from the first look on, and what appears later from nothing', () => {
  const one = passage(['chat', 'emb']);
  one.take('main', 'n', count({ chat: 500, other: 3 }), 0);
  expect(one.now(0)).toEqual({ requests: 0, through: -30 * S });
  one.take('main', 'n', count({ chat: 503, other: 9 }), 15 * S);
  one.take('main', 'n', count({ chat: 503, emb: 4 }), 30 * S);
  expect(one.now(31 * S)).toEqual({ requests: 7, through: 0 });
});

it('a node that restarted has counted nothing for sure, and goes on', () => {
  const one = passage();
  for (const [i, total] of [100, 40, 45].entries()) one.take('main', 'n', count({ chat: total }), i * 15 * S);
  expect(one.now(30 * S)?.requests).toBe(5);
});

it('a route that comes into the scope does not bring its past with it', () => {
  let routes = ['chat'];
  const one = new Passage({ routesOf: () => new Set(routes) });
  one.take('main', 'n', count({ chat: 1, big: 9_000 }), 0);
  routes = ['chat', 'big'];
  one.take('main', 'n', count({ chat: 1, big: 9_002 }), 15 * S);
  expect(one.now(15 * S)?.requests).toBe(2);
});

it('after a gap begins anew: what passed meanwhile is not known', () => {
  const one = passage();
  one.take('main', 'n', count({ chat: 10 }), 0);
  expect(one.now(149 * S)).toBeDefined();
  expect(one.now(150 * S)).toBeUndefined();
  one.take('main', 'n', count({ chat: 900 }), 151 * S);
  expect(one.now(151 * S)?.requests).toBe(0);
});

it('tells nodes apart that answer by turns at one address', () => {
  const one = passage();
  for (let i = 0; i < 10; i += 1)
    one.take('main', 'n', i % 2 === 0 ? count({ chat: 1_000 }, 'a') : count({ chat: 10 }, 'b'), i * 15 * S);
  expect(one.now(135 * S)?.requests).toBe(0);
});

it('is as old as the node that was asked longest ago', () => {
  const one = passage();
  one.take('main', 'n', count({ chat: 1 }), 0);
  one.take('main', 'm', count({ chat: 1 }), 20 * S);
  expect(one.now(21 * S)?.through).toBe(-30 * S);
});

it.each<[string, () => Passage, RegExp]>([
  ['nobody answered', () => passage(), /no gateway shows/],
  ['the routes are not known', () => taken(passage('unknown'), count({ chat: 1 })), /routes .* not known yet/],
  ['other routes alone', () => taken(passage(), count({ other: 1 })), /no request for a completion/],
  ['a pattern too wide', () => taken(passage(), count({}, 'a', ['chat'])), /nothing tells the requests apart/],
])('is unknown, not zero, and says why: %s', (_what, make, why) => {
  const one = make();
  expect(one.now(0)).toBeUndefined();
  expect(one.why(0)).toMatch(why);
});
const taken = (one: Passage, of: ReturnType<typeof count>): Passage => {
  one.take('main', 'n', of, 0);
  return one;
};

it('never counts more than passed, whatever restarts, goes missing or comes into being', () => {
  const step = fc.record({ more: fc.nat(20), what: fc.constantFrom('look', 'look', 'silent', 'restart', 'vanish') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const one = passage();
      let [shown, truly, last, visible] = [0, 0, 0, true];
      for (const [i, { more, what }] of steps.entries()) {
        if (what === 'restart') shown = 0;
        if (what === 'vanish') visible = !visible;
        if (!visible) shown = 0;
        if (visible) [shown, truly] = [shown + more, truly + more];
        if (what !== 'silent') one.take('main', 'n', count(visible ? { chat: shown } : {}), i * 60 * S);
        const now = one.now(i * 60 * S)?.requests ?? last;
        expect(now).toBeGreaterThanOrEqual(last);
        expect(now).toBeLessThanOrEqual(truly);
        last = now;
      }
    }),
  );
});
