import { createHash } from 'node:crypto';
import { differences, everything } from '../../src/sandbox/everything';
import { until } from '../support/until';
import { type Instance, type Instances, startInstances } from './parts/instances';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/**
 * Two real processes share the lease of drills. The one that drills is killed with SIGKILL in the moment when its canary
 * stands on the gateway: the other one waits until the lease has run out, cleans up, and drills.
 */

const TOKEN = 'a-token-that-drills';
const CANARY = '/apisix/routes/pullcord-drill';
/** Of the lease, and until the other one has looked. Milliseconds. */
const CLEAN_WITHIN_MS = 15_000 + 5_000 + 5_000;

let postgres: Server;
let redis: Server;
let it_: Instances;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  const api = { tokens: [{ name: 'test', sha256, rights: ['drill' as const, 'status' as const] }] };
  it_ = await startInstances({ count: 2, postgres, redis, config: { api } });
}, 120_000);
afterAll(async () => {
  await it_.close();
  await Promise.all([postgres.remove(), redis.remove()]);
});

type Report = Record<string, unknown> & { readonly state?: string; readonly id?: string };

async function call({ program }: Instance, method: string, path: string): Promise<{ status: number; json: Report }> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${program.internalUrl}${path}`, { method, headers });
  return { status: answer.status, json: (await answer.json()) as Report };
}

async function admin(method: string, path: string): Promise<unknown> {
  const { adminUrl, adminKey } = it_.apisix;
  const answer = await fetch(`${adminUrl}/apisix/admin/${path}`, { method, headers: { 'x-api-key': adminKey } });
  return answer.json();
}

/** Kills it in the very moment in which its canary is written. */
function killAtCanary(victim: Instance): Promise<void> {
  return new Promise((resolve, reject) => {
    const unwatch = it_.apisix.store.watch(({ key, entry }) => {
      if (key !== CANARY || !entry) return;
      unwatch();
      victim.kill().then(resolve, reject);
    });
  });
}

const hasCanary = (): boolean => it_.apisix.store.list(CANARY).length > 0;

it('laws 6, 7: what the dead one left is cleaned up by the other, once the lease is over, and the next drill passes', async () => {
  const [victim, other] = it_.all as readonly [Instance, Instance];
  const before = await everything({ admin });
  const dead = killAtCanary(victim);
  // Whoever has just started may still be looking for what an earlier one left. No answer: it was dead before it gave one.
  const begun = await until(async () => {
    const answer = await call(victim, 'POST', '/api/v1/drills').catch(() => ({ status: 202 }));
    return answer.status === 409 ? undefined : answer;
  }, 30_000);
  expect(begun.status).toBe(202);
  await dead;
  const diedAt = performance.now();
  expect(hasCanary()).toBe(true);

  // Nobody else drills beside it, nor touches what it made, as long as it may be alive.
  expect(await call(other, 'POST', '/api/v1/drills')).toMatchObject({ status: 409, json: { reason: 'not-now' } });
  expect(hasCanary()).toBe(true);

  await until(() => !hasCanary(), CLEAN_WITHIN_MS);
  const cleanedMs = performance.now() - diedAt;
  await until(async () => !(await running(other)), 5_000);
  expect(differences(before, await everything({ admin }))).toEqual([]);
  const { json: list } = await call(other, 'GET', '/api/v1/drills');
  expect(list.drills).toMatchObject([{ state: 'failed' }]);

  let { json: report } = await until(async () => {
    const answer = await call(other, 'POST', '/api/v1/drills?wait=30');
    return answer.status === 409 ? undefined : answer;
  }, 10_000);
  while (report.state === 'running') report = (await call(other, 'GET', `/api/v1/drills/${report.id}?wait=30`)).json;
  expect(report).toMatchObject({ state: 'passed' });
  expect(hasCanary()).toBe(false);
  expect(differences(before, await everything({ admin }))).toEqual([]);

  // Who comes back finds nothing of its own to do, and drills no second time.
  await victim.start();
  await until(async () => (await call(victim, 'GET', '/api/v1/drills')).status === 200);
  const { json: known } = await call(victim, 'GET', '/api/v1/drills');
  expect(known.drills).toMatchObject([{ state: 'passed' }, { state: 'failed' }]);
  await it_.ledgerHolds();
  process.stdout.write(`cleaned up ${Math.round(cleanedMs)} ms after the one that drilled was killed\n`);
}, 120_000);

async function running(one: Instance): Promise<boolean> {
  const { json } = await call(one, 'GET', '/api/v1/drills');
  return (json.drills as readonly Report[]).some(({ state }) => state === 'running');
}
