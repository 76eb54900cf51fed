import fc from 'fast-check';
import { armedWith, clampRule, idsOf, idsPatch, obstacles } from '../../../src/cutters/apisix/clamp';
import { ENDERS } from '../../../src/cutters/apisix/clamp-functions';
import type { Doc } from '../../../src/cutters/apisix/document';
import { applyMergePatch } from '../../../src/cutters/apisix/merge-patch';

const ids = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9\-_.]{1,8}$/), { maxLength: 20 });

test('a rule names what it was made with, in whatever order', () => {
  fc.assert(
    fc.property(ids, fc.subarray([...ENDERS]), (named, enders) => {
      const rule = clampRule(named, enders);
      expect([...idsOf(rule)].sort()).toEqual(named.filter((id) => id !== '-none-').sort());
      expect(clampRule([...named].reverse(), enders)).toEqual(rule);
      expect(armedWith({ ...rule, id: 'pullcord-clamp', create_time: 1, update_time: 2 })).toEqual(enders);
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
  [
    'another note of what is open',
    { plugins: { 'serverless-pre-function': { functions: ['return function() end'] } } },
  ],
  ['last words that are switched off', { plugins: { 'serverless-post-function': { _meta: { disable: true } } } }],
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
  expect(armedWith(rule as Doc)).toBeUndefined();
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
  expect(armedWith(rule)).toBeUndefined();
});

test('says what stands in its way, and not that it stands in its own', () => {
  const all = ['fault-injection', ...ENDERS];
  const fine = { streams: 'all', lacks: [] };
  expect(obstacles(all, [{ id: 'pullcord-clamp', ...clampRule([]) }])).toEqual(fine);
  expect(obstacles(all, [{ id: 'chaos', plugins: { 'fault-injection': {} } }])).toEqual({
    ...fine,
    rule: expect.stringContaining('global rule chaos uses fault-injection'),
  });
  expect(obstacles([], [])).toEqual({
    rule: expect.stringContaining('fault-injection is not enabled'),
    streams: 'none',
    lacks: ENDERS.map((ender) => expect.stringContaining(`${ender} is not enabled`)),
  });
});

test.each([
  ['all-without-event', 'serverless-post-function', 'open streams end without a last event: '],
  ['speaking', 'serverless-pre-function', 'open streams that are silent, and WebSockets, are not ended: '],
])('of open streams it ends %s where %s is taken', (streams, taken, words) => {
  const found = obstacles(['fault-injection', ...ENDERS], [{ id: 'other', plugins: { [taken]: {} } }]);
  expect(found).toEqual({ streams, lacks: [expect.stringContaining(`${words}global rule other uses ${taken}`)] });
});

test('while nothing is cut, all is switched off but the note of what is open', () => {
  const off = (rule: Doc): readonly string[] =>
    Object.entries(rule.plugins as Record<string, Doc>).flatMap(([name, conf]) =>
      (conf._meta as Doc | undefined)?.disable === true ? [name] : [],
    );
  expect(off(clampRule([]))).toEqual(['fault-injection', 'serverless-post-function']);
  expect(off(clampRule(['r1']))).toEqual([]);
});

test('the write of the ids changes nothing but what another rule would have', () => {
  fc.assert(
    fc.property(ids, ids, fc.subarray([...ENDERS]), (before, after, enders) => {
      expect(applyMergePatch(clampRule(before, enders), idsPatch(after, enders))).toEqual(clampRule(after, enders));
    }),
  );
});

test('each function says its version first and knows the rule by name', () => {
  const { plugins } = clampRule([]) as { plugins: Record<string, { functions: string[] }> };
  for (const ender of ENDERS) {
    const [lua] = plugins[ender]?.functions ?? [];
    expect(lua).toMatch(/^-- pullcord clamp \d+\n/);
    expect(lua).toContain('local RULE = "pullcord-clamp"');
  }
  expect(plugins['serverless-post-function']?.functions[0]).toContain('local MARK = "x-pullcord-severed"');
});
