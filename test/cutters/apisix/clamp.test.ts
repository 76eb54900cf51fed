import fc from 'fast-check';
import { clampRule, idsOf, isArmed, obstacles } from '../../../src/cutters/apisix/clamp';
import type { Doc } from '../../../src/cutters/apisix/document';
import { applyMergePatch } from '../../../src/cutters/apisix/merge-patch';

const ids = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9\-_.]{1,8}$/), { maxLength: 20 });

test('a rule names what it was made with, in whatever order', () => {
  fc.assert(
    fc.property(ids, fc.boolean(), (named, streams) => {
      const rule = clampRule(named, streams);
      expect([...idsOf(rule)].sort()).toEqual(named.filter((id) => id !== '-none-').sort());
      expect(clampRule([...named].reverse(), streams)).toEqual(rule);
      expect(isArmed({ ...rule, id: 'pullcord-clamp', create_time: 1, update_time: 2 })).toBe(
        streams ? 'armed' : 'without-streams',
      );
    }),
  );
});

test('without a route it names one that no route bears', () => {
  expect(JSON.stringify(clampRule([]))).toContain('[[["route_id","in",["-none-"]]]]');
  expect(idsOf(clampRule([])).size).toBe(0);
});

test.each<[what: string, change: object]>([
  ['another status', { plugins: { 'fault-injection': { abort: { http_status: 404 } } } }],
  ['a share of the requests', { plugins: { 'fault-injection': { abort: { percentage: 50 } } } }],
  ['a switched off plugin', { plugins: { 'fault-injection': { _meta: { disable: true } } } }],
  ['no mark', { plugins: { 'fault-injection': { abort: { headers: { 'x-pullcord-severed': null } } } } }],
  ['another function', { plugins: { 'serverless-post-function': { functions: ['return function() end'] } } }],
  ['another phase', { plugins: { 'serverless-post-function': { phase: 'log' } } }],
  ['another plugin beside', { plugins: { cors: {} } }],
  ['no abort', { plugins: { 'fault-injection': { abort: null } } }],
  [
    'one more condition',
    varsOf([
      [
        ['route_id', 'in', ['r1']],
        ['uri', '==', '/x'],
      ],
    ]),
  ],
  ['one more expression', varsOf([[['route_id', 'in', ['r1']]], [['uri', '==', '/x']]])],
  ['another operator', varsOf([[['route_id', '!', 'in', ['r1']]]])],
  ['another order of the ids', varsOf([[['route_id', 'in', ['r2', 'r1']]]])],
  ['an empty list', varsOf([[['route_id', 'in', []]]])],
  ['no vars', varsOf(null)],
])('a rule with %s is not ours', (_, change) => {
  const rule = applyMergePatch(clampRule(['r1', 'r2']), change);
  expect(isArmed(rule as Doc)).toBe(false);
});

function varsOf(vars: unknown): Doc {
  return { plugins: { 'fault-injection': { abort: { vars } } } };
}

test.each([
  undefined,
  {},
  { plugins: [] },
  { plugins: { 'fault-injection': { abort: { vars: 'x' } } } },
  varsOf([[1]]),
])('the ids of %j are none', (rule) => {
  expect([...idsOf(rule)]).toEqual([]);
  expect(isArmed(rule)).toBe(false);
});

test('says what stands in its way, and not that it stands in its own', () => {
  const both = ['fault-injection', 'serverless-post-function'];
  expect(obstacles(both, [{ id: 'pullcord-clamp', ...clampRule([]) }])).toEqual({});
  expect(obstacles(both, [{ id: 'chaos', plugins: { 'fault-injection': {} } }])).toEqual({
    rule: expect.stringContaining('global rule chaos uses fault-injection'),
  });
  expect(obstacles([], [])).toEqual({
    rule: expect.stringContaining('fault-injection is not enabled'),
    streams: expect.stringContaining('serverless-post-function is not enabled'),
  });
});

test('the function says its version first and knows the rule and the mark by name', () => {
  const [lua] = (clampRule([]) as { plugins: { 'serverless-post-function': { functions: string[] } } }).plugins[
    'serverless-post-function'
  ].functions;
  expect(lua).toMatch(/^-- pullcord clamp \d+\n/);
  expect(lua).toContain('local RULE = "pullcord-clamp"');
  expect(lua).toContain('local MARK = "x-pullcord-severed"');
});
