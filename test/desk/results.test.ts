import pino from 'pino';
import { Results } from '../../src/desk/results';
import { request, startDesk, TestClock } from '../support/desk';
import { freshStore } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';
import { until } from '../support/until';

it('ends at once, and tells nothing, while a result is still waited for', async () => {
  const clock = new TestClock();
  const { store, close } = await freshStore(clock.now);
  const cutter = new ToyCutter();
  cutter.visible = false;
  const { desk, by, enforcer, start } = startDesk({ store, cutters: [cutter], clock });
  await store.refresh();
  start();
  const told: string[] = [];
  const results = new Results({
    ...{ desk, store, note: () => undefined, logger: pino({ level: 'silent' }) },
    deliver: async () => void told.push('result'),
    interim: async () => void told.push('interim'),
  });
  const receipt = await desk.order({ ...request('sever'), replyTo: '+15550100001' }, by('alice'));
  if (receipt.kind !== 'accepted') throw new Error(receipt.kind);
  results.follow(receipt.order);
  await until(() => cutter.goals.some(({ severed }) => severed.size > 0));
  const began = performance.now();
  await Promise.all([results.close(), enforcer.close()]);
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(told).toEqual([]);
  await close();
});

it('tells how far it is, and then the result, though the first could not be told', async () => {
  const clock = new TestClock();
  const { store, close } = await freshStore(clock.now);
  const cutter = new ToyCutter();
  cutter.visible = false;
  const { desk, by, start, close: stop } = startDesk({ store, cutters: [cutter], clock });
  await store.refresh();
  start();
  const told: string[] = [];
  const results = new Results({
    ...{ desk, store, note: () => undefined, logger: pino({ level: 'silent' }), interimMs: 50 },
    deliver: async () => void told.push('result'),
    interim: async () => {
      told.push('interim');
      throw new Error('not taken');
    },
  });
  const receipt = await desk.order({ ...request('sever'), replyTo: '+15550100001' }, by('alice'));
  if (receipt.kind !== 'accepted') throw new Error(receipt.kind);
  results.follow(receipt.order);
  await until(() => told.length > 0);
  cutter.visible = true;
  await until(async () => (await store.unanswered()).length === 0);
  expect(told).toEqual(['interim', 'result']);
  await Promise.all([results.close(), stop()]);
  await close();
});
