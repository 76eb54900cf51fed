import { QueueUnavailable } from '../../src/queue/jobs';
import { freshPglite } from '../support/pglite';
import { enforce, type QueuePlace, type WatchedQueue, watchedQueue } from '../support/queue';
import { behavesAsQueue } from '../support/queue-behaviour';
import { until } from '../support/until';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

const BOUND_MS = 250;

/** What a busy machine may add to a bound. */
const SLACK_MS = 350;

interface Home {
  readonly place: QueuePlace;
  readonly server?: Server;
  remove(): Promise<void>;
}

const served = async (server: Server, place: QueuePlace): Promise<Home> => ({ server, place, remove: server.remove });

const homes: Record<string, () => Promise<Home>> = {
  pglite: async () => {
    const pglite = await freshPglite();
    return { place: { pglite }, remove: () => pglite.close() };
  },
  postgres: async () => {
    const server = await startPostgres();
    return served(server, { databaseUrl: server.url });
  },
  redis: async () => {
    const server = await startRedis();
    return served(server, { redisUrl: server.url });
  },
};

describe.each(Object.keys(homes))('the queue on %s', (name) => {
  let home: Home;
  beforeAll(async () => {
    home = await (homes[name] as () => Promise<Home>)();
  });
  afterAll(() => home.remove());

  describe('as everywhere', () => behavesAsQueue(() => home.place));

  it('is quick', async () => {
    const queue = await watchedQueue(home.place);
    await until(() => queue.healthy());
    const delays: number[] = [];
    for (let i = 0; i < 200; i++) {
      const job = enforce();
      const added = performance.now();
      await queue.add(job);
      await until(() => queue.handled.length === i + 1, 5_000, 1);
      delays.push((queue.handled[i]?.at ?? Number.NaN) - added);
    }
    await queue.close();
    delays.sort((a, b) => a - b);
    const [median = Number.NaN, p99 = Number.NaN] = [delays[100], delays[198]];
    process.stdout.write(`${name}: from add to handler, median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms\n`);
    expect(median).toBeLessThan(100);
  });

  it('takes up again what a lost process left behind', async () => {
    const lost = await watchedQueue(home.place);
    lost.behave = () => new Promise(() => undefined);
    const job = enforce();
    await lost.add(job);
    await lost.handledTimes(job, 1);
    const began = performance.now();
    await lost.close();
    expect(performance.now() - began).toBeLessThan(3_000);

    const next = await watchedQueue(home.place);
    await next.handledTimes(job, 1, 30_000);
    await next.close();
  });
});

describe.each(['postgres', 'redis'])('a queue whose %s is in trouble', (name) => {
  let server: Server;
  let place: QueuePlace;
  let queue: WatchedQueue;

  beforeAll(async () => {
    const home = await (homes[name] as () => Promise<Home>)();
    if (!home.server) throw new Error('no server');
    ({ server = home.server, place } = home);
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    queue = await watchedQueue(place, { addTimeoutMs: BOUND_MS });
    await until(() => queue.healthy());
  });
  afterEach(() => queue.close());

  const refusesInTime = async (): Promise<void> => {
    const began = performance.now();
    await expect(queue.add(enforce())).rejects.toThrow(QueueUnavailable);
    expect(performance.now() - began).toBeLessThan(BOUND_MS + SLACK_MS);
  };
  const works = async (): Promise<void> => {
    await until(() => queue.healthy(), 30_000);
    const job = enforce();
    await queue.add(job);
    await queue.handledTimes(job, 1, 30_000);
  };
  const closesInTime = async (): Promise<void> => {
    const began = performance.now();
    await queue.close();
    expect(performance.now() - began).toBeLessThan(3_000);
  };

  it('refuses jobs in time while it is killed, and works when it is back, with the jobs that it had', async () => {
    await works();
    const kept = enforce();
    queue.behave = async () => {
      throw new Error('not now');
    };
    await queue.add(kept);
    await queue.handledTimes(kept, 1);
    queue.behave = async () => undefined;
    await server.kill();
    for (let i = 0; i < 5; i++) await refusesInTime();
    expect(queue.healthy()).toBe(false);
    await server.start();
    await works();
    await queue.handledTimes(kept, 2, 30_000);
    const warnings = queue.logged.filter(({ msg }) => String(msg).includes('does not answer'));
    expect(warnings).toHaveLength(1);
  });

  it('refuses jobs in time while it is frozen, notices by itself, and works when it thaws', async () => {
    server.pause();
    await refusesInTime();
    await until(() => !queue.healthy(), 5_000);
    for (let i = 0; i < 5; i++) await refusesInTime();
    server.resume();
    await works();
  });

  it.each(['killed', 'frozen'])('is closed in time while it is %s', async (state) => {
    await works();
    await (state === 'killed' ? server.kill() : server.pause());
    await closesInTime();
    await (state === 'killed' ? server.start() : server.resume());
  });

  it.each(['away', 'frozen'])('starts while it is %s, and joins in later', async (state) => {
    await queue.close();
    await (state === 'away' ? server.stop() : server.pause());
    const began = performance.now();
    queue = await watchedQueue(place, { addTimeoutMs: BOUND_MS });
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(queue.healthy()).toBe(false);
    await refusesInTime();
    await (state === 'away' ? server.start() : server.resume());
    await works();
  });

  it('is closed in time when it never was there', async () => {
    await queue.close();
    await server.stop();
    queue = await watchedQueue(place, { addTimeoutMs: BOUND_MS });
    await closesInTime();
    await server.start();
  });
});

describe('a worker that fails for a lasting reason', () => {
  /** What this process computes within so many milliseconds. */
  const cpuMs = async (ms: number): Promise<number> => {
    const used = process.cpuUsage();
    const began = performance.now();
    await until(() => performance.now() - began > ms, 2 * ms, 100);
    const { user, system } = process.cpuUsage(used);
    return (user + system) / 1_000;
  };

  it('does not spin: Redis is full', async () => {
    const server = await startRedis(['--maxmemory', '1kb', '--maxmemory-policy', 'noeviction']);
    const queue = await watchedQueue({ redisUrl: server.url }, { addTimeoutMs: BOUND_MS });
    await until(() => queue.healthy());
    await expect(queue.add(enforce())).rejects.toThrow(QueueUnavailable);
    expect(await cpuMs(3_000)).toBeLessThan(400);
    await queue.close();
    await server.remove();
  });

  it('does not spin: the embedded database was closed under it', async () => {
    const pglite = await freshPglite();
    const queue = await watchedQueue({ pglite });
    await pglite.close();
    // Longer than the worker waits before it looks again.
    expect(await cpuMs(7_000)).toBeLessThan(700);
    expect(queue.healthy()).toBe(false);
    await expect(queue.add(enforce())).rejects.toThrow(QueueUnavailable);
    expect(queue.logged.filter(({ level }) => level === 40)).toHaveLength(1);
    await queue.close();
  });
});
