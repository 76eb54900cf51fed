import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Check } from './context';
import { about, type Finding } from './finding';
import { shownUrl } from './ledger';

const TIMEOUT_MS = 2_000;

/** Whether Redis, where it is used, is there, takes writes, and keeps what it was given. */
export const checkQueue: Check = async ({ config, service }) => {
  const { ok, fault } = about('queue');
  if (config.redisUrl === undefined) {
    const found = await service();
    const part = found.kind === 'serves' ? found.readiness.parts.find(({ name }) => name === 'queue') : undefined;
    if (part && !part.ok) return [fault('beside the ledger, and does not answer', 'Look at the log of Pullcord.')];
    return [ok('lives beside the ledger')];
  }
  const where = shownUrl(config.redisUrl);
  const redis = new Redis(config.redisUrl, {
    ...{ lazyConnect: true, connectTimeout: TIMEOUT_MS, commandTimeout: TIMEOUT_MS, disconnectTimeout: 200 },
    ...{ retryStrategy: () => null, maxRetriesPerRequest: 0, connectionName: 'pullcord-check' },
  });
  let trouble: Error | undefined;
  redis.on('error', (error) => {
    trouble ??= error;
  });
  try {
    await redis.connect();
    await roundTrip(redis);
    return findings(where, await factsOf(redis));
  } catch (error) {
    const why = trouble?.message || (error instanceof Error ? error.message : String(error));
    return [
      fault(
        `${where} cannot be used: ${why}`,
        'Look after Redis and its password, or correct REDIS_URL. Until then orders go on without the queue.',
      ),
    ];
  } finally {
    redis.disconnect();
  }
};

interface RedisFacts {
  readonly policy: string;
  readonly appends: boolean;
  /** Undefined when the server doesn't say: hosted ones forbid CONFIG. */
  readonly snapshots: boolean | undefined;
  /** The last try to write to its disk failed. */
  readonly diskFails: boolean;
}

async function roundTrip(redis: Redis): Promise<void> {
  const key = `pullcord:check:${randomUUID()}`;
  await redis.set(key, '1', 'PX', 10_000);
  await redis.del(key);
}

async function factsOf(redis: Redis): Promise<RedisFacts> {
  const [memory, persistence] = [await redis.info('memory'), await redis.info('persistence')];
  const field = (text: string, name: string): string | undefined =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1];
  const save = await redis.config('GET', 'save').then(
    (answer) => (Array.isArray(answer) ? String(answer[1] ?? '') : undefined),
    () => undefined,
  );
  return {
    policy: field(memory, 'maxmemory_policy') ?? 'unknown',
    appends: field(persistence, 'aof_enabled') === '1',
    snapshots: save === undefined ? undefined : save !== '',
    diskFails: ['aof_last_write_status', 'rdb_last_bgsave_status'].some((name) => field(persistence, name) === 'err'),
  };
}

function findings(where: string, { policy, appends, snapshots, diskFails }: RedisFacts): Finding[] {
  const { ok, warning, fault } = about('queue');
  const found: Finding[] = [];
  if (policy !== 'noeviction')
    found.push(
      fault(
        `${where} evicts (maxmemory-policy ${policy}): jobs vanish when its memory is full`,
        'Set maxmemory-policy noeviction, in redis.conf too, or give Pullcord a Redis of its own.',
      ),
    );
  if (diskFails)
    found.push(fault(`${where} cannot write to its disk`, 'Look at the log of Redis: it may refuse every write.'));
  if (!appends && snapshots === false)
    found.push(
      warning(`${where} keeps nothing on disk: replies that are owed are lost with it`, 'Set appendonly yes.'),
    );
  return found.length > 0 ? found : [ok(`${where} takes writes, evicts nothing`)];
}
