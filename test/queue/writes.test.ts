import { pglitePlace } from '../../src/queue/pglite';
import { redisPlace } from '../../src/queue/redis';
import { freshPglite } from '../support/pglite';
import { startToyRedis } from '../support/toy-redis';

/** Law 7: what answers and takes no writes is away. */
const options = { process: async () => undefined, onError: () => undefined, timeoutMs: 1_000 };

it('a Redis that is a replica', async () => {
  const redis = await startToyRedis();
  redis.settings.writes = false;
  const place = redisPlace(redis.url, options);
  try {
    await place.prepare();
    await expect(place.ping()).rejects.toThrow('READONLY');
    await expect(place.ping()).rejects.toThrow('READONLY');
    redis.settings.writes = true;
    await place.ping();
    await place.ping();
    // Written seldom, asked often.
    expect(redis.commands.filter((command) => command.startsWith('SET '))).toHaveLength(3);
  } finally {
    await place.close();
    await redis.close();
  }
});

it('a database that is read-only', async () => {
  const db = await freshPglite();
  const place = pglitePlace(db, options);
  try {
    await place.prepare();
    await place.ping();
    await db.exec('set default_transaction_read_only = on');
    await expect(place.ping()).rejects.toThrow('read-only');
    await db.exec('set default_transaction_read_only = off');
    await place.ping();
  } finally {
    await place.close();
    await db.close();
  }
});
