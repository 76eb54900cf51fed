import { TryAgain } from '../../src/queue/jobs';
import { type QueuePlace, type WatchedQueue, watchedQueue } from './queue';
import { until } from './until';

/** What comes up by itself does so by BullMQ's scheduler, which counts in seconds, too: nobody has to wait for a Monday. */

const SECOND_MS = 1_000;
const every = (seconds: number) => ({ drill: { cron: `*/${seconds} * * * * *`, timeZone: 'UTC' } });
const yearly = { drill: { cron: '0 9 1 1 *', timeZone: 'UTC' } };

/** Wherever the queue lives. @param missing whether times are missed, too, which takes a while. */
export function behavesAsTimetable(place: () => QueuePlace, { missing }: { readonly missing: boolean }): void {
  const opened: WatchedQueue[] = [];
  const open = async (timetable?: ReturnType<typeof every>): Promise<WatchedQueue> => {
    const queue = await watchedQueue(place(), timetable ? { timetable } : {});
    opened.push(queue);
    await until(() => queue.healthy());
    return queue;
  };
  afterEach(async () => {
    for (const queue of opened.splice(0)) await queue.close();
    await (await open()).close();
  });

  /** Until a whole period has gone by: long enough for what would come up to have done so. */
  const aWhile = async (ms: number): Promise<void> => {
    const end = Date.now() + ms;
    await until(() => Date.now() > end, ms + 5_000, 50);
  };
  const taken = (...queues: WatchedQueue[]): number => queues.flatMap(({ handled }) => handled).length;

  it('comes up again and again, once each time, however many instances keep it, and a second try is none', async () => {
    const began = Date.now();
    const [a, b] = [await open(every(1)), await open(every(1))];
    b.behave = async () => {
      throw new TryAgain('not now');
    };
    await until(() => taken(a, b) >= 4, 20_000);
    // One for each second, and the one that had begun.
    expect(taken(a, b)).toBeLessThanOrEqual((Date.now() - began) / SECOND_MS + 1);
    expect(new Set([...a.handled, ...b.handled].map(({ job }) => JSON.stringify(job)))).toEqual(
      new Set(['{"name":"drill"}']),
    );
  }, 30_000);

  it('is changed by a start with another time, and taken away by one without', async () => {
    const never = await open(yearly);
    await never.close();
    const now = await open(every(1));
    await until(() => taken(now) > 0, 10_000);
    await now.close();
    const again = await open(yearly);
    await aWhile(2 * SECOND_MS);
    expect(taken(again)).toBeLessThanOrEqual(1);
    await again.close();
    const before = await open(every(1));
    await before.close();
    const without = await open();
    await aWhile(3 * SECOND_MS);
    // The one that had come up already may have been left by whoever closed.
    expect(taken(without)).toBeLessThanOrEqual(1);
  }, 40_000);

  if (missing)
    it('of times that were missed while nobody was there comes up once', async () => {
      const first = await open(every(2));
      await until(() => taken(first) > 0, 10_000);
      await first.close();
      await aWhile(7 * SECOND_MS);
      const began = Date.now();
      const second = await open(every(2));
      await until(() => taken(second) > 0, 10_000);
      await aWhile(SECOND_MS);
      expect(taken(second)).toBeLessThanOrEqual((Date.now() - began) / (2 * SECOND_MS) + 2);
      expect(taken(second)).toBeLessThan(4);
    }, 40_000);
}
