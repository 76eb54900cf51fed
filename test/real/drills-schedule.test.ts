import { behavesAsTimetable } from '../support/timetable-behaviour';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/** What is due comes up once, on the real servers as in the process. */

describe.each([
  ['redis', startRedis],
  ['postgres', startPostgres],
] as const)('the timetable on %s', (name, start) => {
  let server: Server;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.remove());

  behavesAsTimetable(() => (name === 'redis' ? { redisUrl: server.url } : { databaseUrl: server.url }), {
    missing: true,
  });
});
