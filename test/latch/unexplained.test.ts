import type { Latch, LatchState } from '../../src/latch/latch';
import { Unexplained } from '../../src/latch/unexplained';
import type { State } from '../../src/ledger/store';

const state = (...states: LatchState[]): State => ({
  ...{
    head: { seq: 1, at: 0, hash: '' },
    orders: 3,
    operators: new Map(),
    permits: new Map(),
    backupCodesUsed: new Set(),
  },
  latches: new Map(
    states.map((one, i): [string, Latch] => [`s${i}`, { scope: `s${i}`, state: one, order: i, since: 0 }]),
  ),
});

it.each<[string, State | undefined, boolean]>([
  ['nothing is being restored', state('live', 'severed'), true],
  ['there is no latch at all', state(), true],
  ['nothing is known', undefined, true],
  ['something is being restored', state('live', 'restoring'), false],
])('law 3: what is found cut, and %s', (_what, known, is) => {
  const told: string[] = [];
  const unexplained = new Unexplained({
    trouble: (key, text) => told.push(`${key}: ${text}`),
    cleared: (key) => told.push(`over: ${key}`),
  });
  expect(unexplained.is('apisix main', known)).toBe(is);
  unexplained.over('apisix main');
  unexplained.over('apisix main');
  expect(told.map((text) => text.replace(/:.*apisix main .*/, ''))).toEqual(
    is ? ['unexplained', 'over: unexplained'] : [],
  );
});
