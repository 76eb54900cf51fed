import fc from 'fast-check';
import { type Doc, same } from '../../src/cutters/apisix/document';
import { applyMergePatch } from '../../src/cutters/apisix/merge-patch';
import { judgeFallback } from '../../src/fallback/judge';
import { planFallback, planWrite } from '../../src/fallback/plan';
import { membersOf, partOf, type Roles, type Subject } from '../../src/fallback/subject';
import { forbidWrite, permitWrite, type Written } from '../../src/fallback/write';
import { MEASURED, PATCHES, subjectOf } from './recorded';

const apply = (object: Doc, written: Written): Doc => {
  if (written.kind !== 'write') throw new Error(`nothing to write: ${written.kind}`);
  return applyMergePatch(object, written.write.patch) as Doc;
};
const patchOf = (written: Written): Doc | undefined => (written.kind === 'write' ? written.write.patch : undefined);

const UPSTREAM: Subject = { kind: 'upstream', holder: 'upstreams', id: 'u' };
const PLUGIN: Subject = { kind: 'ai-proxy-multi', holder: 'routes', id: 'r' };
const primary = { host: '10.0.0.1', port: 11434, weight: 1, priority: 0 };
const fallback = { host: '10.0.0.2', port: 4000, weight: 1, priority: -1 };
const upstream = { id: 'u', update_time: 1_700_000_000, type: 'roundrobin', retries: 2, nodes: [primary, fallback] };
const instance = (name: string, priority: number, more: object = {}) => ({ name, priority, weight: 1, ...more });
const ai = (conf: object, ...instances: object[]) => ({
  id: 'r',
  update_time: 1_700_000_000,
  plugins: { cors: {}, 'ai-proxy-multi': { instances, ...conf } },
});

describe('as a real gateway took it', () => {
  const [first] = PATCHES.filter(({ path }) => path === '/upstreams/n');
  const rows = PATCHES.map(
    (one, index) => [index % 2 === 0 ? 'forbidden' : 'permitted again', one.path, index] as const,
  );

  test.each(rows)('%s: %s', (_how, path, index) => {
    const [forbidden, permitted] = [PATCHES[index - (index % 2)], PATCHES[index - (index % 2) + 1]];
    if (!forbidden || !permitted) throw new Error('recorded in pairs');
    const holder = path.startsWith('/routes') ? 'routes' : 'upstreams';
    const subject: Subject = { kind: 'upstream', holder, id: forbidden.before.id };
    const roles = { fallbacks: ['127.0.0.1:19302'] };
    const written =
      index % 2 === 0
        ? forbidWrite(subject, forbidden.before, roles)
        : permitWrite(subject, forbidden.after, forbidden.before, roles);
    expect(written.kind === 'write' && `/${written.write.path}`).toBe(path);
    expect(patchOf(written)).toEqual((index % 2 === 0 ? forbidden : permitted).patch);
    expect(permitted.after).toEqual(forbidden.before);
  });
  test('some were recorded', () => expect(first).toBeDefined());
});

test.each<[what: string, subject: Subject, object: Doc, patch: Doc | undefined, roles?: Roles]>([
  ['a list of nodes', UPSTREAM, upstream, { nodes: [primary] }],
  ['in a service', { ...UPSTREAM, holder: 'services' }, { upstream }, { upstream: { nodes: [primary] } }],
  ['one that is named', UPSTREAM, upstream, { nodes: [fallback] }, { fallbacks: ['10.0.0.1:11434'] }],
  [
    'all that come behind',
    UPSTREAM,
    { nodes: [fallback, { ...fallback, priority: -2 }, primary] },
    { nodes: [primary] },
  ],
  [
    'nodes as an object, with the port that goes without saying',
    UPSTREAM,
    { nodes: { 'a.example.org': 1, 'b.example.org': 1 } },
    { nodes: { 'b.example.org': null } },
    { fallbacks: ['b.example.org:80'] },
  ],
  ['no fallback', UPSTREAM, { nodes: [primary] }, undefined],
  [
    'the strategy alone',
    PLUGIN,
    ai({ fallback_strategy: ['http_5xx'] }, instance('p', 1), instance('f', 0)),
    {
      plugins: { 'ai-proxy-multi': { fallback_strategy: [] } },
    },
  ],
  ['no strategy already', PLUGIN, ai({ fallback_strategy: [] }, instance('p', 1), instance('f', 0)), undefined],
  [
    'instances, where their checks send requests on as well',
    PLUGIN,
    ai({ fallback_strategy: ['http_5xx'] }, instance('p', 1, { checks: {} }), instance('f', 0)),
    { plugins: { 'ai-proxy-multi': { instances: [instance('p', 1, { checks: {} })] } } },
  ],
  [
    'instances, where their priorities are the same',
    PLUGIN,
    ai({}, instance('p', 0), instance('f', 0)),
    { plugins: { 'ai-proxy-multi': { instances: [instance('p', 0)] } } },
    { fallbacks: ['f'] },
  ],
  [
    'instances, where one primary may send on to another',
    PLUGIN,
    ai({ fallback_strategy: ['http_5xx'] }, instance('p', 2), instance('q', 1), instance('f', 0)),
    { plugins: { 'ai-proxy-multi': { instances: [instance('p', 2), instance('q', 1)] } } },
    { fallbacks: ['f'] },
  ],
])('to forbid: %s', (_what, subject, object, patch, ...[roles]) => {
  const written = forbidWrite(subject, object, roles);
  expect(patchOf(written)).toEqual(patch);
  if (!patch) expect(written.kind).toBe('nothing');
});

test('fallbacks alone cannot be forbidden, nor what is not there', () => {
  expect(forbidWrite(UPSTREAM, upstream, { fallbacks: ['10.0.0.1:11434', '10.0.0.2:4000'] }).kind).toBe('impossible');
  expect(forbidWrite(PLUGIN, { id: 'r', uri: '/x' }).kind).toBe('impossible');
});

describe('to permit again', () => {
  const forbidden = { ...upstream, nodes: [primary], update_time: 1_700_000_100 };

  test('untouched: all is as it was, the time included', () =>
    expect(patchOf(permitWrite(UPSTREAM, forbidden, upstream))).toEqual({
      nodes: upstream.nodes,
      update_time: upstream.update_time,
    }));

  test('what others changed beside it stays, and their time', () =>
    expect(patchOf(permitWrite(UPSTREAM, { ...forbidden, retries: 5 }, upstream))).toEqual({ nodes: upstream.nodes }));

  test('what others made of the nodes is not overwritten', () => {
    const written = permitWrite(UPSTREAM, { ...forbidden, nodes: [{ ...primary, port: 1 }] }, upstream);
    expect(written.kind === 'impossible' && written.what).toMatch(/somebody else has changed nodes of upstreams\/u/);
  });

  test('nothing where somebody has put it back', () =>
    expect(permitWrite(UPSTREAM, upstream, upstream)).toEqual({ kind: 'nothing' }));

  test('a strategy that was not there goes away again', () => {
    const before = ai({}, instance('p', 1), instance('f', 0));
    const now = apply(before, forbidWrite(PLUGIN, before));
    const patch = patchOf(permitWrite(PLUGIN, now, before));
    expect(patch).toEqual({
      plugins: { 'ai-proxy-multi': { fallback_strategy: null } },
      update_time: before.update_time,
    });
    expect(applyMergePatch(now, patch)).toEqual(before);
  });
});

/** Objects of any kind that could stand in a gateway, with at least one primary and one fallback. */
const host = fc.integer({ min: 1, max: 30 }).map((n) => `10.0.0.${n}`);
const nodeList = fc.uniqueArray(
  fc.record({ host, port: fc.constantFrom(80, 4000), weight: fc.nat(2), priority: fc.integer({ min: -2, max: 1 }) }),
  {
    selector: (node) => `${node.host}:${node.port}`,
    minLength: 2,
    maxLength: 5,
  },
);
const nodeMap = nodeList.map((list) =>
  Object.fromEntries(list.map((node) => [`${node.host}:${node.port}`, node.weight])),
);
const side = (more: object) =>
  fc.record({ ...more, http_statuses: fc.constantFrom([200], [500], [404, 500]) }, { requiredKeys: [] });
const checks = fc.record({
  active: fc.record(
    {
      port: fc.constant(80),
      http_path: fc.constantFrom('/', '/api/version'),
      healthy: side({ interval: fc.nat(3) }),
      unhealthy: side({ interval: fc.nat(3), timeouts: fc.nat(3) }),
    },
    { requiredKeys: [] },
  ),
  passive: fc.record({ healthy: side({}), unhealthy: side({ http_failures: fc.nat(3) }) }, { requiredKeys: [] }),
});
const upstreams = fc.record(
  {
    nodes: fc.oneof(nodeList, nodeMap),
    type: fc.constant('roundrobin'),
    update_time: fc.nat(),
    checks,
    retries: fc.nat(3),
    retry_timeout: fc.nat(3),
    scheme: fc.constantFrom('http', 'https'),
  },
  { requiredKeys: ['nodes'] },
);
const plugins = fc.record(
  {
    instances: fc.uniqueArray(
      fc.record(
        { name: fc.constantFrom('a', 'b', 'c', 'd'), priority: fc.nat(2), weight: fc.nat(2), checks: fc.constant({}) },
        { requiredKeys: ['name', 'priority', 'weight'] },
      ),
      { selector: ({ name }) => name, minLength: 2, maxLength: 4 },
    ),
    fallback_strategy: fc.constantFrom([], 'http_5xx', ['http_429', 'http_5xx']),
    max_retries: fc.nat(2),
  },
  { requiredKeys: ['instances'] },
);
const subjects = fc.oneof(
  upstreams.map((object): [Subject, Doc] => [UPSTREAM, object]),
  upstreams.map((inner): [Subject, Doc] => [
    { ...UPSTREAM, holder: 'routes' },
    { uri: '/x', update_time: 7, upstream: inner },
  ]),
  plugins.map((inner): [Subject, Doc] => [PLUGIN, { uri: '/x', update_time: 7, plugins: { 'ai-proxy-multi': inner } }]),
);

/** One of its members is the fallback: whichever. */
const cases = fc.tuple(subjects, fc.nat()).map(([[subject, object], n]) => {
  const { primary: some, fallbacks } = membersOf(subject, partOf(subject, object) ?? {});
  const names = [...some, ...fallbacks].map(({ name }) => name);
  return { subject, object, roles: { fallbacks: [names[n % names.length] ?? ''] } };
});

describe('laws', () => {
  test('forbidden and permitted again, it is what it was', () =>
    fc.assert(
      fc.property(cases, ({ subject, object, roles }) => {
        const written = forbidWrite(subject, object, roles);
        if (written.kind === 'nothing') return;
        const now = apply(object, written);
        expect(same(apply(now, permitWrite(subject, now, object, roles)), object)).toBe(true);
        // Twice is once.
        expect(['nothing', 'impossible']).toContain(forbidWrite(subject, now, roles).kind);
      }),
    ));

  test('forbidden, nothing leads to the fallback', () =>
    fc.assert(
      fc.property(cases, ({ subject, object, roles }) => {
        const now = apply(
          { ...object },
          { kind: 'write', write: { path: '', patch: patchOf(forbidWrite(subject, object, roles)) ?? {} } },
        );
        const { fallbacks, primary: left } = membersOf(subject, partOf(subject, now) ?? {}, roles);
        const judged = judgeFallback(subject, now, roles).findings.map(({ reason }) => reason);
        if (fallbacks.length > 0) expect(judged).toContain('no-strategy');
        expect(left.length).toBeGreaterThan(0);
      }),
    ));

  test('what is planned fails over and comes back; all that it has beside stays', () =>
    fc.assert(
      fc.property(cases, ({ subject, object, roles }) => {
        const plan = planFallback(subject, object, roles);
        if (!plan) throw new Error('there is a primary and a fallback');
        const written = planWrite(subject, object, plan);
        const done = written.kind === 'write' ? apply(object, written) : object;
        const { goesOver, comesBack, members } = judgeFallback(subject, done, roles);
        expect([goesOver, comesBack]).toEqual(['yes', true]);
        expect(planFallback(subject, done, roles)).toEqual(partOf(subject, done));
        const before = membersOf(subject, partOf(subject, object) ?? {}, roles);
        expect(members.primary.map(({ name }) => name)).toEqual(before.primary.map(({ name }) => name));
        // Nobody has to name the fallback any more.
        expect(judgeFallback(subject, done).members.fallbacks.map(({ name }) => name)).toEqual(
          expect.arrayContaining([...roles.fallbacks]),
        );
      }),
    ));
});

test.each(MEASURED.map((one) => [one.kind, one.name, one] as const))(
  'the plan for a real %s: %s',
  (_kind, name, one) => {
    const subject = subjectOf(one);
    const { primary: some, fallbacks } = membersOf(subject, partOf(subject, one.object) ?? {});
    const roles = fallbacks.length > 0 ? {} : { fallbacks: some.slice(1).map((member) => member.name) };
    const plan = planFallback(subject, one.object, roles);
    if (name === 'one node') expect(plan).toBeUndefined();
    else
      expect(
        judgeFallback(
          subject,
          apply(one.object, {
            kind: 'write',
            write: { path: '', patch: patchOf(planWrite(subject, one.object, plan ?? {})) ?? {} },
          }),
        ),
      ).toMatchObject({ goesOver: 'yes', comesBack: true });
  },
);
