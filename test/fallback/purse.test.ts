import type { Memory } from '../../src/cutters/memory';
import { Purse } from '../../src/fallback/purse';

function start(memory: Memory, order: number | undefined = 5) {
  const state: { order: number | undefined } = { order };
  const purse = new Purse({ name: 'fallback', models: ['cloud'], permitted: () => state.order, memory });
  return { purse, state, spend: (spendUsd: number, model = 'cloud') => purse.take({ model, spendUsd }) };
}
function inMemory(): Memory & { readonly kept: Map<string, unknown>; away: boolean } {
  const kept = new Map<string, unknown>();
  const memory = {
    ...{ kept, away: false },
    get: async (name: string) => (memory.away ? Promise.reject(new Error('away')) : kept.get(name)),
    set: async (name: string, value: unknown) => {
      if (memory.away) throw new Error('away');
      kept.set(name, value);
    },
  };
  return memory;
}

it('counts what the fallback spends while it is permitted, and nothing else', async () => {
  const { purse, state, spend } = start(inMemory());
  await purse.keep();
  spend(1);
  spend(2, 'ollama');
  expect(purse.spent(5)).toBe(1);
  state.order = undefined;
  spend(4);
  expect(purse.spent(5)).toBe(1);
});

it('begins anew with each permit', async () => {
  const { purse, state, spend } = start(inMemory());
  await purse.keep();
  spend(1);
  state.order = 6;
  spend(2);
  expect(purse.spent(6)).toBe(2);
});

it('goes on over a restart, and does not take over what belonged to an earlier permit', async () => {
  const memory = inMemory();
  const first = start(memory);
  await first.purse.keep();
  first.spend(3);
  await first.purse.keep();

  const second = start(memory);
  second.spend(1);
  expect(second.purse.spent(5)).toBeUndefined();
  await second.purse.keep();
  expect(second.purse.spent(5)).toBe(4);

  const third = start(memory);
  await third.purse.keep();
  third.spend(1);
  expect(third.purse.spent(5)).toBe(4);

  const later = start(memory, 9);
  await later.purse.keep();
  expect(later.purse.spent(9)).toBe(0);
});

it('does not take a memory that is away for nothing spent, and asks again', async () => {
  const memory = inMemory();
  memory.kept.set('fallback spend fallback', { order: 5, usd: 3 });
  memory.away = true;
  const { purse, spend } = start(memory);
  await purse.keep();
  spend(1);
  expect(purse.spent(5)).toBeUndefined();
  memory.away = false;
  await purse.keep();
  expect(purse.spent(5)).toBe(4);
});
