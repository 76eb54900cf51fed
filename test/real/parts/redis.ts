import { Redis } from 'ioredis';
import { redisServer } from './install';
import { dataFolder, freePort, type Server, startServer } from './server';

/** Each write is in the file before it is answered, so that it survives a kill, though not a loss of power. */
const durable = ['--appendonly', 'yes', '--appendfsync', 'no', '--save', '', '--maxmemory-policy', 'noeviction'];

/** @param args further arguments of `redis-server`; they overrule the ones before. */
export async function startRedis(args: readonly string[] = []): Promise<Server> {
  const port = await freePort();
  const dataDir = dataFolder('redis');
  const network = ['--bind', '127.0.0.1', '--port', String(port), '--dir', dataDir];
  return startServer({
    url: `redis://127.0.0.1:${port}`,
    dataDir,
    command: [redisServer(), ...network, ...durable, ...args],
    stopSignal: 'SIGTERM',
    ready: async () => {
      const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.ping();
      } finally {
        client.disconnect();
      }
    },
  });
}
