import { Lanes } from '../../../src/notify/events/lanes';
import { until } from '../../support/until';

const gate = () => {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
};

it('lets four of a name go at once and eight wait, in the order in which they came; others are not held up', async () => {
  const lanes = new Lanes();
  const gates = Array.from({ length: 12 }, gate);
  const began: number[] = [];
  const all = gates.map(({ passed }, i) =>
    lanes.run('a', async () => {
      began.push(i);
      await passed;
    }),
  );
  expect(began).toEqual([0, 1, 2, 3]);
  expect(lanes.isFull('a')).toBe(true);
  expect(lanes.isFull('b')).toBe(false);
  expect(await lanes.run('b', async () => 'at once')).toBe('at once');
  gates[2]?.open();
  await until(() => began.length === 5);
  expect(began[4]).toBe(4);
  expect(lanes.isFull('a')).toBe(false);
  for (const { open } of gates) open();
  await Promise.all(all);
  expect(began).toEqual(Array.from({ length: 12 }, (_, i) => i));
});

it('gives its place on when work fails', async () => {
  const lanes = new Lanes();
  const failing = Array.from({ length: 9 }, () => lanes.run('a', () => Promise.reject(new Error('no'))));
  for (const one of failing) await expect(one).rejects.toThrow('no');
  const held = gate();
  const four = Array.from({ length: 4 }, () => lanes.run('a', () => held.passed));
  expect(lanes.isFull('a')).toBe(false);
  held.open();
  await Promise.all(four);
});
