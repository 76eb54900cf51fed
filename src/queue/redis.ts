import { once } from 'node:events';
import { createRedisBackend } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { openBull } from './bull';
import type { Place, PlaceOptions } from './place';

const SECOND_MS = 1_000;
/** How often it is seen that writes are taken. Milliseconds. */
const WRITE_EVERY_MS = 30 * SECOND_MS;
const WRITTEN = 'pullcord:supervision';

/**
 * BullMQ on Redis. The connection that adds jobs refuses at once while there is none, because whoever adds can go on
 * without; the worker's connections wait for ever, as BullMQ demands.
 */
export function redisPlace(url: string, { process, onError, timeoutMs }: PlaceOptions): Place {
  const common = {
    connectTimeout: 2 * SECOND_MS,
    retryStrategy: (times: number) => Math.min(50 * 2 ** times, SECOND_MS),
    // A server that is frozen never answers to a polite goodbye.
    disconnectTimeout: 200,
  } satisfies RedisOptions;
  const producer = new Redis(url, {
    ...common,
    connectionName: 'pullcord-add',
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
  });
  const consumer = new Redis(url, {
    ...common,
    lazyConnect: true,
    maxRetriesPerRequest: null,
    // Longer than the longest blocking read (10 s): a peer that vanished without a word is noticed.
    socketTimeout: 15 * SECOND_MS,
  });
  let writeAgainAt = Number.NEGATIVE_INFINITY;
  producer.on('error', onError);
  consumer.on('error', onError);
  return {
    kind: 'redis',
    async prepare() {
      if (producer.status !== 'ready') await once(producer, 'ready', { signal: AbortSignal.timeout(2 * SECOND_MS) });
      await producer.ping();
    },
    open: () => openBull({ factory: createRedisBackend, producer, consumer, process, onError }),
    async ping() {
      await producer.ping();
      // A replica, a full memory, a disk that fails: all of them answer, and take no writes.
      if (performance.now() < writeAgainAt) return;
      await producer.set(WRITTEN, '1', 'PX', 2 * WRITE_EVERY_MS);
      writeAgainAt = performance.now() + WRITE_EVERY_MS;
    },
    async close() {
      producer.disconnect();
      consumer.disconnect();
    },
  };
}
