import fc from 'fast-check';
import { alike, type Doc, isDoc, same } from '../../../src/cutters/apisix/document';
import { applyMergePatch, mergePatch } from '../../../src/cutters/apisix/merge-patch';

const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('', 'x'), fc.boolean());

/** Few keys, so that documents overlap; no null as a value, which a merge patch can't say. */
const { tree } = fc.letrec<{ tree: unknown; doc: Doc }>((tie) => ({
  doc: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', ''), tie('tree'), { maxKeys: 4 }),
  tree: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, fc.array(leaf, { maxLength: 3 }), tie('doc')),
}));
const documents = tree.filter(isDoc);

test('what is applied to the one makes the other', () => {
  fc.assert(
    fc.property(documents, documents, (from, to) => {
      expect(same(applyMergePatch(from, mergePatch(from, to)), to)).toBe(true);
    }),
  );
});

test('nothing is said where nothing changed', () => {
  fc.assert(fc.property(documents, (doc) => expect(mergePatch(doc, structuredClone(doc))).toEqual({})));
});

test('a null stands only where there is something to take away', () => {
  const nulls = (patch: Doc, from: unknown): boolean =>
    Object.entries(patch).every(([key, value]) => {
      const there = isDoc(from) && Object.hasOwn(from, key) ? from[key] : undefined;
      return value === null ? there !== undefined : !isDoc(value) || nulls(value, there);
    });
  fc.assert(fc.property(documents, documents, (from, to) => expect(nulls(mergePatch(from, to), from)).toBe(true)));
});

test.each<[what: string, from: Doc, to: Doc, patch: Doc]>([
  ['takes plugins away where there were none', { plugins: { f: 1 } }, {}, { plugins: null }],
  ['keeps the plugins of others', { plugins: { f: 1, g: 2 } }, { plugins: { g: 2 } }, { plugins: { f: null } }],
  ['replaces a list', { l: [1, 2] }, { l: [2] }, { l: [2] }],
  ['makes an object of a list', { l: [1] }, { l: { a: 1 } }, { l: { a: 1 } }],
  ['empties an object', { a: { b: 1 } }, { a: {} }, { a: { b: null } }],
  ['leaves out a null inside what is new', {}, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
])('%s', (_, from, to, patch) => expect(mergePatch(from, to)).toEqual(patch));

/** RFC 7396, appendix A. */
test.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('RFC 7396: %j with %j is %j', (target, patch, result) => expect(applyMergePatch(target, patch)).toEqual(result));

test.each([
  [{ a: 1, b: null }, { a: 1 }, true],
  [{ a: [] }, { a: {} }, true],
  [{ a: [[]] }, { a: [{}] }, true],
  [{ a: [] }, {}, false],
  [{ a: [null] }, { a: [] }, false],
  [{ a: 1 }, { a: '1' }, false],
])('alike %j and %j: %s', (a, b, result) => expect(alike(a, b)).toBe(result));
