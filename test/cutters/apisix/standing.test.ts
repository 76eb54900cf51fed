import fc from 'fast-check';
import { routeOf } from '../../../src/cutters/apisix/route';
import { standing } from '../../../src/cutters/apisix/standing';

const chosenOf = (scopes: Readonly<Record<string, readonly string[]>>) =>
  new Map(Object.entries(scopes).map(([scope, ids]) => [scope, ids.map((id) => routeOf({ id }))]));
const heldOf = (scopes: Readonly<Record<string, readonly string[]>>) =>
  new Map(Object.entries(scopes).map(([scope, ids]) => [scope, new Set(ids)]));

test.each<[what: string, severed: string[], held: Record<string, string[]>, id: string, stays: boolean]>([
  ['of a severed scope', ['agent'], {}, 'a1', true],
  ['of two scopes, one of them severed', ['llm'], {}, 'both', true],
  ['of a live scope', ['llm'], {}, 'a1', false],
  ['that nobody knows, while something is severed', ['llm'], {}, 'gone', true],
  ['that nobody knows, when nothing is severed', [], {}, 'gone', false],
  ['that has lost its label, of a severed scope', ['llm'], { llm: ['a1'] }, 'a1', true],
  ['that has lost its label, of a scope that is restored', ['agent'], { llm: ['l2'] }, 'l2', false],
])('a route %s stays cut: %s', (_, severed, held, id, stays) => {
  const chosen = chosenOf({ agent: ['a1', 'both'], llm: ['l1', 'both'] });
  expect(standing({ chosen, held: heldOf(held), severed: new Set(severed) }).stays(id)).toBe(stays);
});

test('what is severed stays, and when nothing is severed nothing stays', () => {
  const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
  const byScope = fc.record({ x: ids, y: ids, z: ids });
  const severed = fc.uniqueArray(fc.constantFrom('x', 'y', 'z'));
  fc.assert(
    fc.property(byScope, byScope, severed, (chosen, held, cut) => {
      const now = standing({ chosen: chosenOf(chosen), held: heldOf(held), severed: new Set(cut) });
      for (const scope of cut as ('x' | 'y' | 'z')[])
        for (const id of [...chosen[scope], ...held[scope]]) {
          expect(now.severed.has(id)).toBe(true);
          expect(now.stays(id)).toBe(true);
        }
      if (cut.length === 0) for (const id of ['a', 'b', 'c', 'd']) expect(now.stays(id)).toBe(false);
    }),
  );
});
