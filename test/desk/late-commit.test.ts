import { request, startDesk, TestClock } from '../support/desk';
import { freshStore } from '../support/store';
import { ToyCutter } from '../support/toy-cutter';
import { until } from '../support/until';

it('law 1: a stop that was written down late, restored by another instance, and cut again meanwhile is an order anew', async () => {
  const clock = new TestClock();
  const { another, close } = await freshStore(clock.now);
  const store = another();
  const cutter = new ToyCutter();
  const one = startDesk({ store, cutters: [cutter], clock });
  const two = startDesk({ store: another(), cutters: [], clock });
  await store.refresh();
  one.start();

  const commit = store.commit.bind(store);
  let written: Promise<unknown> | undefined;
  store.commit = (decide) => {
    written = commit(decide);
    return new Promise(() => undefined);
  };
  const receipt = await one.desk.order(request('sever'), { kind: 'token', token: 't', rights: ['stop'] });
  expect(receipt).toMatchObject({ kind: 'accepted', order: { number: 0 } });
  await written;
  store.commit = commit;
  await until(() => cutter.cut.has('agent'));
  clock.advance(60);
  expect(await two.desk.order(request('restore'), two.by('bob'))).toMatchObject({ kind: 'accepted' });

  await store.refresh();
  await one.desk.recordSpooled();
  expect(store.mirror()?.latches.get('agent')).toMatchObject({ state: 'severing', order: 3 });
  expect(one.spool.all()).toEqual([]);
  await Promise.all([one.close(), two.close()]);
  await close();
});
