import { QueueUnavailable, TryAgain } from '../../src/queue/jobs';
import { deliver, enforce, type QueuePlace, reply, timesHandled, type WatchedQueue, watchedQueue } from './queue';
import { until } from './until';

/** What the queue does wherever it lives. */
export function behavesAsQueue(place: () => Promise<QueuePlace> | QueuePlace): void {
  let queue: WatchedQueue;

  beforeAll(async () => {
    queue = await watchedQueue(await place());
    await until(() => queue.healthy());
  });
  beforeEach(() => {
    queue.behave = async () => undefined;
    queue.handled.length = 0;
    queue.logged.length = 0;
  });
  afterAll(() => queue.close());

  it('hands a job to its handler, as it was added', async () => {
    const jobs = [enforce('sever'), enforce('restore'), reply()];
    for (const job of jobs) await queue.add(job);
    await until(() => queue.handled.length === 3);
    expect(queue.handled.map(({ job }) => job)).toEqual(expect.arrayContaining(jobs));
  });

  it('runs a job once, however often and whenever it is added', async () => {
    const job = reply();
    await Promise.all([queue.add(job), queue.add(job), queue.add(job)]);
    await queue.handledTimes(job, 1);
    await queue.add(job);
    const after = enforce();
    await queue.add(after);
    await queue.handledTimes(after, 1);
    expect(timesHandled(queue.handled, job)).toBe(1);
  });

  it('tries a failing job again, ever later, and tells it with its correlation', async () => {
    const job = enforce();
    queue.behave = async () => {
      if (timesHandled(queue.handled, job) < 3) throw new Error('the gateway said sk-secret');
    };
    await queue.add(job);
    await queue.handledTimes(job, 3, 6_000);
    const [first = 0, second = 0, third = 0] = queue.handled.map(({ at }) => at);
    expect(second - first).toBeGreaterThan(450);
    expect(third - second).toBeGreaterThan(950);
    expect(queue.logged).toEqual([
      expect.objectContaining({ level: 40, order: job.order, correlation: job.correlation, attempt: 1 }),
      expect.objectContaining({ level: 40, order: job.order, correlation: job.correlation, attempt: 2 }),
    ]);
  });

  it('gives up in the end, aloud, and goes on with other jobs', async () => {
    const job = enforce();
    queue.behave = async (taken) => {
      if ('order' in taken && taken.order === job.order) throw new Error('no');
    };
    await queue.add(job);
    await until(() => queue.logged.some(({ level, order }) => level === 50 && order === job.order), 6_000);
    expect(timesHandled(queue.handled, job)).toBe(3);
    const next = enforce();
    await queue.add(next);
    await queue.handledTimes(next, 1);
    expect(timesHandled(queue.handled, job)).toBe(3);
  });

  it('takes a sever before the restores and replies that came earlier', async () => {
    const [one, others] = [closedGate(), closedGate()];
    const busy = [enforce(), enforce(), enforce(), enforce()];
    queue.behave = (job) => ('order' in job && job.order === busy[0]?.order ? one : others).passed;
    for (const job of busy) await queue.add(job);
    await until(() => queue.handled.length === 4);
    const late = [reply(), enforce('restore'), reply(), enforce('restore'), enforce('sever')];
    for (const job of late) await queue.add(job);
    expect(queue.handled).toHaveLength(4);
    one.open();
    await until(() => queue.handled.length === 5);
    expect(queue.handled[4]?.job).toEqual(late[4]);
    others.open();
    await until(() => queue.handled.length === 9);
  });

  it('has slots of their own for deliveries: those that last hold up neither an order nor an answer', async () => {
    const gate = closedGate();
    queue.behave = (job) => (job.name === 'deliver' ? gate.passed : Promise.resolve());
    const slow = Array.from({ length: 30 }, deliver);
    const orders = [enforce('sever'), enforce('restore'), reply()];
    try {
      for (const job of slow) await queue.add(job);
      await until(() => queue.handled.length === 30);
      for (const job of orders) await queue.add(job);
      for (const job of orders) await queue.handledTimes(job, 1);
    } finally {
      gate.open();
    }
  });

  it('tries a delivery again at once when it is brought again, and takes one that is done up again', async () => {
    const job = deliver();
    queue.behave = async () => {
      if (timesHandled(queue.handled, job) < 4) throw new TryAgain('not taken');
    };
    await queue.add(job);
    await queue.handledTimes(job, 3, 6_000);
    // The next try by itself is four seconds away.
    const began = performance.now();
    await until(async () => {
      await queue.add(job);
      return timesHandled(queue.handled, job) >= 4;
    });
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(queue.logged.filter(({ level }) => Number(level) > 20)).toEqual([]);
    await until(async () => {
      await queue.add(job);
      return timesHandled(queue.handled, job) >= 5;
    });
    // Taken in the order in which they came: nothing is left for the next test.
    const last = deliver();
    await queue.add(last);
    await queue.handledTimes(last, 1);
  });

  it('lets a handler that runs come to its end when it is closed, and takes nothing more', async () => {
    const [busy, slow] = [closedGate(), closedGate()];
    queue.behave = () => busy.passed;
    for (const job of [enforce(), enforce(), enforce(), enforce()]) await queue.add(job);
    await until(() => queue.handled.length === 4);

    const other = await watchedQueue(await place());
    await until(() => other.healthy());
    let ended = false;
    other.behave = async () => {
      await slow.passed;
      ended = true;
    };
    const job = enforce();
    await other.add(job);
    await other.handledTimes(job, 1);
    const closed = other.close().then(() => ended);
    await expect(other.add(enforce())).rejects.toThrow(QueueUnavailable);
    slow.open();
    expect(await closed).toBe(true);
    expect(other.healthy()).toBe(false);
    busy.open();
    const after = enforce();
    await queue.add(after);
    await queue.handledTimes(after, 1);
    expect(timesHandled(queue.handled, job)).toBe(0);
    expect(other.handled).toHaveLength(1);
  });
}

function closedGate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}
