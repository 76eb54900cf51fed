import fc from 'fast-check';
import { changedBy, changesOf } from '../../../src/cutters/apisix/changes';
import { clampRule } from '../../../src/cutters/apisix/clamp';
import { type Doc, same, without } from '../../../src/cutters/apisix/document';
import { refusing } from '../../../src/cutters/apisix/refusal';

const SECRET = 'sk-0123456789';
const route: Doc = {
  ...{ id: 'chat', uri: '/v1/chat', name: 'chat', status: 1, update_time: 1 },
  plugins: { 'ai-proxy': { auth: { header: { Authorization: SECRET } } }, 'key-auth': { _meta: { disable: false } } },
};
const refusal = (refusing({}).plugins as Doc)['fault-injection'];

describe('what a write changed', () => {
  it.each<[string, Doc | undefined, Doc | undefined, unknown]>([
    ['nothing', route, { ...route, update_time: 2 }, []],
    ['our refusal, in full', route, refusing(route), [{ path: '/plugins/fault-injection', after: refusal }]],
    [
      'a script, which makes way for it',
      { ...route, script: `return "${SECRET}"` },
      refusing({ ...route, script: SECRET }),
      [
        { path: '/plugins/fault-injection', after: refusal },
        { path: '/script', before: '(hidden)' },
      ],
    ],
    [
      'whether it is switched on, and where it is',
      route,
      { ...route, status: 0, uri: '/v2' },
      [
        { path: '/status', before: 1, after: 0 },
        { path: '/uri', before: '/v1/chat', after: '/v2' },
      ],
    ],
    [
      'a plugin, of which nothing is shown but that it was',
      route,
      { ...route, plugins: { 'ai-proxy': { auth: { header: { Authorization: 'another' } } } } },
      [
        { path: '/plugins/ai-proxy', before: '(hidden)', after: '(hidden)' },
        { path: '/plugins/key-auth', before: '(hidden)' },
      ],
    ],
    [
      'a plugin that is switched off',
      { plugins: { a: { key: SECRET } } },
      { plugins: { a: { key: SECRET, _meta: { disable: true } } } },
      [{ path: '/plugins/a/_meta/disable', after: true }],
    ],
    [
      'a switch that is none',
      { plugins: { a: { _meta: { disable: true } } } },
      { plugins: { a: { _meta: { disable: SECRET } } } },
      [{ path: '/plugins/a', before: '(hidden)', after: '(hidden)' }],
    ],
    [
      'a refusal into which somebody has put more',
      { plugins: { 'fault-injection': refusal } },
      { plugins: { 'fault-injection': { ...(refusal as Doc), delay: SECRET } } },
      [{ path: '/plugins/fault-injection/delay', after: '(hidden)' }],
    ],
    ['names that a pointer has to spell', {}, { 'a/b~c': 1 }, [{ path: '/a~1b~0c', after: '(hidden)' }]],
    ['all of it', undefined, { id: 'a', desc: SECRET }, [{ path: '', after: { id: 'a', desc: '(hidden)' } }]],
  ])('%s', (_, before, after, expected) => {
    expect(changesOf(before, after)).toEqual(expected);
  });

  it('of the clamp: which routes it names, and what is switched on', () => {
    expect(changesOf(clampRule([]), clampRule(['b', 'a']))).toEqual([
      { path: '/plugins/fault-injection/_meta/disable', before: true, after: false },
      { path: '/plugins/fault-injection/abort/vars/0/0/2', before: ['-none-'], after: ['a', 'b'] },
      { path: '/plugins/serverless-post-function/_meta/disable', before: true, after: false },
    ]);
    expect(changesOf(clampRule(['a']), clampRule(['a', 'b', 'c']))).toEqual([
      { path: '/plugins/fault-injection/abort/vars/0/0/2', before: ['a'], after: ['a', 'b', 'c'] },
    ]);
    expect(JSON.stringify(changesOf(undefined, clampRule([])))).not.toContain('local ');
  });
});

it('nothing of what is not known to be harmless is shown, and a change is seen all the same', () => {
  const secret = fc.constantFrom(SECRET, `Bearer ${SECRET}`);
  const key = fc.oneof(
    fc.constantFrom('headers', 'auth', 'key', 'name', 'desc', 'nodes', '__proto__', 'vars'),
    fc.string(),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 3 }, secret, fc.boolean(), fc.array(tie('any'), { maxLength: 3 }), tie('doc')),
    doc: fc.dictionary(key, tie('any'), { maxKeys: 4, noNullPrototype: true }),
  }));
  const doc = fc.tuple(value.doc, fc.dictionary(fc.constantFrom('fault-injection', 'a', 'b'), value.doc), fc.boolean());
  const whole = doc.map(
    ([rest, plugins, ours]): Doc => ({ ...(rest as Doc), plugins: ours ? refusing({ plugins }).plugins : plugins }),
  );
  const harmless = ['uri', 'uris', 'host', 'hosts', 'id', 'methods'];
  fc.assert(
    fc.property(fc.option(whole, { nil: undefined }), whole, (one, two) => {
      const [before, after] = [one && without(one, ...harmless), without(two, ...harmless)];
      const changes = changesOf(before, after);
      expect(JSON.stringify(changes.map((change) => [change.before, change.after]))).not.toContain('0123456789');
      expect(changes.length > 0).toBe(!before || !same(without(before, 'update_time'), without(after, 'update_time')));
    }),
    { numRuns: 500 },
  );
});

describe('writes of one pass', () => {
  const cut = (id: string) => ({ object: `routes/${id}`, before: { ...route, id }, after: refusing({ ...route, id }) });

  it('of a thousand routes that were changed alike are one entry, of more so many are named', () => {
    const ids = Array.from({ length: 1_002 }, (_, i) => `r${i}`);
    const [changed, ...none] = changedBy('main', ids.map(cut));
    expect(none).toEqual([]);
    expect(changed).toMatchObject({ gateway: 'main', more: 2, changes: [{ path: '/plugins/fault-injection' }] });
    expect(changed?.objects).toHaveLength(1_000);
    expect(JSON.stringify(changed).length).toBeLessThan(20_000);
  });

  it('say of what was written back whether it is what it was', () => {
    const back = (id: string, was: Doc) => ({ object: `routes/${id}`, before: refusing(route), after: route, was });
    expect(changedBy('main', [cut('a'), back('b', route), back('c', { ...route, status: 0 })])).toMatchObject([
      { objects: ['routes/a'] },
      { objects: ['routes/b'], exact: true },
      { objects: ['routes/c'], exact: false },
    ]);
  });
});
