import { objectsOf } from '../../../src/ledger/story/objects';
import { linesOf } from './on-paper';

const write = (...objects: readonly object[]) => [0, 'write', { cutter: 'apisix main', order: 7, objects }] as const;
const of = (object: string, changes: readonly object[], more: object = {}) => ({
  ...{ gateway: 'main', objects: [object], changes, ...more },
});
const NAMED = '/abort/vars';
const clamp = (before: readonly string[], after: readonly string[]) => of('clamp', [{ path: NAMED, before, after }]);

describe('what was changed of the objects', () => {
  it('by one write: what it was, what it is, and that it is not again as it was', () => {
    expect(objectsOf(linesOf(write(clamp([], ['a', 'b']))))).toEqual([
      { gateway: 'main', object: 'clamp', changes: [{ path: NAMED, before: [], after: ['a', 'b'] }], restored: false },
    ]);
  });

  it('by several, up to the restore: what it was at first, and what the cut made of it last', () => {
    const lines = linesOf(write(clamp([], ['a'])), write(clamp(['a'], ['a', 'b'])), write(clamp(['a', 'b'], [])));
    expect(objectsOf(lines)).toEqual([
      { gateway: 'main', object: 'clamp', changes: [{ path: NAMED, before: [], after: ['a', 'b'] }], restored: true },
    ]);
  });

  it('another scope that is still cut leaves it other than it was', () => {
    const lines = linesOf(write(clamp([], ['a', 'b'])), write(clamp(['a', 'b'], ['b'])));
    expect(objectsOf(lines)).toMatchObject([{ restored: false }]);
  });

  it.each([
    [{ exact: true }, true],
    [{ exact: false }, false],
    [{}, false],
  ])('of what is hidden only the writer knows: %j', (exact, restored) => {
    const cut = [
      { path: '/plugins/x', after: 1 },
      { path: '/script', before: '(hidden)' },
    ];
    const back = [
      { path: '/plugins/x', before: 1 },
      { path: '/script', after: '(hidden)' },
    ];
    expect(objectsOf(linesOf(write(of('routes/a', cut)), write(of('routes/a', back, exact))))).toEqual([
      { gateway: 'main', object: 'routes/a', changes: cut, restored },
    ]);
  });

  it('of many that were changed alike each is told, on each gateway', () => {
    const changes = [{ path: '/x', after: 1 }];
    const lines = linesOf(
      write(
        { gateway: 'main', objects: ['routes/a', 'routes/b'], changes },
        { gateway: 'two', objects: ['routes/a'], changes },
      ),
    );
    expect(objectsOf(lines).map(({ gateway, object }) => `${gateway} ${object}`)).toEqual([
      ...['main routes/a', 'main routes/b', 'two routes/a'],
    ]);
  });

  it.each([
    [undefined],
    ['x'],
    [[null]],
    [[{ gateway: 1, objects: ['a'], changes: [] }]],
    [[{ gateway: 'main', objects: 'a' }]],
  ])('nothing of what is malformed: %j', (objects) => {
    expect(objectsOf(linesOf([0, 'write', { objects }]))).toEqual([]);
  });
});
