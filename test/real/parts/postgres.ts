import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Client } from 'pg';
import { postgresBin } from './install';
import { asUser, dataFolder, freePort, type Server, startServer } from './server';

/** Without fsync it is fast, and what was committed survives a kill of the server, though not a loss of power. */
const settings = { fsync: 'off', listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '50' };

/** @param more further settings; they overrule the ones above. */
export async function startPostgres(more: Readonly<Record<string, string>> = {}): Promise<Server> {
  const bin = postgresBin();
  const port = await freePort();
  const dataDir = dataFolder('postgres');
  const data = join(dataDir, 'data');
  const [initdb, ...args] = asUser([join(bin, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8']);
  execFileSync(initdb, [...args, '--locale=C', '--no-sync'], { stdio: 'pipe', cwd: dataDir });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const options = Object.entries({ ...settings, ...more, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  return startServer({
    url,
    dataDir,
    command: [join(bin, 'postgres'), '-D', data, ...options],
    // "Fast": ends the sessions and shuts down. SIGTERM would wait for the clients.
    stopSignal: 'SIGINT',
    ready: async () => {
      const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('select 1');
      } finally {
        await client.end();
      }
    },
  });
}
