import fc from 'fast-check';
import { alike, type Doc } from '../../../src/cutters/apisix/document';
import { applyMergePatch, mergePatch } from '../../../src/cutters/apisix/merge-patch';
import { isRefusal, refuses, refusing } from '../../../src/cutters/apisix/refusal';
import { uncut } from '../../../src/cutters/apisix/uncut';

const FAULT = 'fault-injection';
const base = { id: 'r1', uri: '/a', create_time: 1, update_time: 2 };
const upstream = { type: 'roundrobin', nodes: { '127.0.0.1:1': 1 } };

const routes: Readonly<Record<string, Doc>> = {
  'without plugins': { ...base, upstream },
  'with no plugin': { ...base, upstream, plugins: {} },
  'with another plugin': { ...base, plugins: { 'key-auth': {} } },
  'with an abort for some': {
    ...base,
    plugins: { [FAULT]: { abort: { http_status: 500, percentage: 5, vars: [[]] } } },
  },
  'with a delay': { ...base, plugins: { [FAULT]: { delay: { duration: 1 }, _meta: { disable: true, filter: [] } } } },
  'with a script': { ...base, script: 'return {}' },
};
const cases = Object.entries(routes);

describe.each(cases)('a route %s', (_, before) => {
  const written = refusing(before);
  const snapshot = { before, written };
  const cut = { ...written, update_time: 9 };

  test('refuses when it is cut, whatever it was', () => {
    expect([refuses(before), refuses(written), isRefusal((written.plugins as Doc)[FAULT])]).toEqual([
      false,
      true,
      true,
    ]);
    expect(applyMergePatch(before, mergePatch(before, written))).toEqual(written);
  });

  test('is what it was, its time included, when nobody else touched it', () => {
    expect(uncut(cut, snapshot)).toEqual(before);
  });

  test('is what it was when Lua made lists of empty objects', () => {
    const blurred = { ...cut, labels: [] };
    expect(uncut(blurred, { before: { ...before, labels: {} }, written: { ...written, labels: {} } })).toMatchObject({
      labels: {},
      update_time: 2,
    });
  });

  test('keeps what others changed beside', () => {
    const { update_time, ...rest } = uncut({ ...cut, desc: 'theirs', priority: 3 }, snapshot);
    expect({ ...rest, update_time: 2 }).toEqual({ ...before, desc: 'theirs', priority: 3 });
    expect(update_time).toBe(9);
  });

  test('is left as it is when it was never written, or is back already', () => {
    expect(uncut(before, snapshot)).toEqual(before);
  });

  test('takes the refusal out of a route that others have altered until it no longer refused', () => {
    const altered = applyMergePatch(cut, { plugins: { [FAULT]: { abort: { percentage: 0 } } } }) as Doc;
    expect(refuses(altered)).toBe(false);
    expect(uncut(altered, snapshot)).toEqual({ ...before, update_time: 9 });
  });

  test('stays as others made it anew', () => {
    const anew = { ...base, uri: '/new', update_time: 9, plugins: { [FAULT]: { delay: { duration: 2 } } } };
    expect(uncut(anew, snapshot)).toEqual(anew);
  });
});

test('a plugin that others added stays, and ours goes', () => {
  const before = routes['without plugins'] as Doc;
  const written = refusing(before);
  const now = { ...written, plugins: { ...(written.plugins as Doc), cors: {} } };
  expect(uncut(now, { before, written }).plugins).toEqual({ cors: {} });
});

describe('a script', () => {
  const before = routes['with a script'] as Doc;
  const written = refusing(before);

  test('comes back in place of plugins that others added: the two exclude each other', () => {
    const now = { ...written, plugins: { ...(written.plugins as Doc), cors: {} } };
    expect(uncut(now, { before, written })).toEqual(before);
  });

  test('comes back when somebody only took the refusal away', () => {
    expect(uncut({ ...base, update_time: 9 }, { before, written })).toEqual({ ...before, update_time: 9 });
  });

  test('does not come back into a route that others have written anew', () => {
    const anew = { ...base, uri: '/new', upstream };
    expect(uncut(anew, { before, written })).toEqual(anew);
  });
});

test('a script runs in the place of plugins: such a route does not refuse', () => {
  expect(refuses({ ...refusing(base), script: 'return {}' })).toBe(false);
});

test('an old refusal without a snapshot is taken out', () => {
  const cut = refusing({ ...base, plugins: { cors: {} } });
  expect(uncut(cut, undefined)).toEqual({ ...base, plugins: { cors: {} } });
});

test('nothing but the two things that Pullcord writes is touched', () => {
  const value = fc.jsonValue();
  const other = fc.dictionary(fc.constantFrom('desc', 'labels', 'upstream', 'priority'), value);
  const plugins = fc.option(fc.dictionary(fc.constantFrom('cors', FAULT, 'key-auth'), fc.constantFrom({}, { a: 1 })));
  fc.assert(
    fc.property(other, plugins, other, (fields, plugged, theirs) => {
      const before = { ...fields, ...(plugged === null ? {} : { plugins: plugged }) };
      const written = refusing(before);
      expect(alike(uncut({ ...written, ...theirs }, { before, written }), { ...before, ...theirs })).toBe(true);
    }),
  );
});
