import { LEASE_MS } from '../../src/latch/turn';
import { until } from '../support/until';
import { type Instance, type Instances, type Sent, startInstances } from './parts/instances';
import { BOUND_MS, becomes, Longest, moments, readied, results, type Word } from './parts/orders';
import { startPostgres } from './parts/postgres';
import { startRedis } from './parts/redis';
import type { Server } from './parts/server';

/**
 * One of two real processes is killed with SIGKILL in the middle of an order, at moments spread over all that crosses
 * between it and its database or its gateway. The other one goes on alone.
 */

let postgres: Server;
let redis: Server;
let it_: Instances;
const longest = new Longest();
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  it_ = await startInstances({ count: 2, postgres, redis });
}, 120_000);
afterAll(async () => {
  longest.print();
  await it_.close();
  await Promise.all([postgres.remove(), redis.remove()]);
});

/** What follows a settled order at its door, and until the others have looked. Milliseconds. */
const AFTERWARDS_MS = { door: 100, other: 1_500 };

/** How many things cross between this instance and the world while an order goes through this door. */
async function length(word: Word, one: Instance, door: Instance): Promise<number> {
  await readied(word, it_, door);
  one.moment.set(Number.POSITIVE_INFINITY, () => undefined, false);
  await it_.text(door, word);
  await it_.becomes(becomes[word]);
  await new Promise((resolve) => setTimeout(resolve, AFTERWARDS_MS[one === door ? 'door' : 'other']));
  return one.moment.count;
}

/** A door that answers and dies before it has noted that it did leaves it in doubt: then the same is said again. */
function expectOneAnswer(sent: Sent, doorDied: boolean): void {
  const inDoubt = doorDied && sent.reply !== undefined;
  expect(new Set(results(sent)).size).toBe(1);
  expect(results(sent).length).toBeLessThanOrEqual(inDoubt ? 2 : 1);
}

interface Killed {
  readonly n: number;
  readonly word: Word;
  readonly victim: Instance;
  readonly door: Instance;
  readonly other: Instance;
  /** Whether Twilio has another address to go to when nobody answers. */
  readonly fallback: boolean;
}

async function kill({ n, word, victim, door, other, fallback }: Killed): Promise<boolean> {
  await readied(word, it_, other);
  const ordered = await it_.orders();
  const written = it_.writes.length;
  victim.moment.set(n, () => void victim.kill(), true);
  const sent = await it_.text(door, word);
  await until(() => victim.moment.come, 3_000).catch(() => undefined);
  const { come } = victim.moment;
  // A door that is dead answers nobody.
  const isLost = sent.status === 0;
  if (isLost && fallback) await it_.again(other, sent);

  const taken = (await it_.orders()) > ordered;
  if (taken) {
    await it_.becomes(becomes[word], BOUND_MS);
    const ms = longest.note(`killed ${door === victim ? 'at its door' : 'beside it'}`, sent);
    if (word === 'STOP') expect(ms).toBeLessThan(BOUND_MS);
    await until(() => results(sent).length > 0, 15_000);
  }
  // Without a fallback, what was not taken changed nothing.
  expect(taken).toBe(taken || !(isLost && fallback));
  await victim.kill();
  await victim.start();
  if (!taken) await it_.text(other, word);
  await it_.becomes(becomes[word]);
  expect(await it_.orders()).toBe(ordered + 1);
  if (taken) expectOneAnswer(sent, victim === door);
  // One by each of them at most, and the same.
  const writes = it_.writes.slice(written);
  expect(new Set(writes.map(({ ids }) => ids.join())).size).toBeLessThanOrEqual(1);
  return come;
}

describe.each([
  ['STOP', 'the instance at whose door it came'],
  ['STOP', 'the other one'],
  ['RESTORE', 'the instance at whose door it came'],
  ['RESTORE', 'the other one'],
] as const)('%s, and %s is killed', (word, whose) => {
  it('laws 1, 2, 8: no order is lost, none is carried out twice, one answer', async () => {
    const [victim, other] = it_.all as readonly [Instance, Instance];
    const door = whose === 'the other one' ? other : victim;
    const last = await length(word, victim, door);
    const at = moments(last, door === victim ? 8 : 3, 7);
    let kills = 0;
    for (const [i, n] of at.entries())
      if (await kill({ n, word, victim, door, other, fallback: i % 2 === 0 })) kills += 1;
    await it_.ledgerHolds();
    process.stdout.write(`${word}: ${whose} was killed at ${kills} of ${last} moments\n`);
    expect(kills).toBeGreaterThan(at.length / 2);
  }, 240_000);
});

it('law 2: the lease of the dead is over after a while, and nobody else is kept from anything by it', async () => {
  const [dead, other] = it_.all as readonly [Instance, Instance];
  await readied('STOP', it_, dead);
  await it_.text(dead, 'STOP');
  await it_.becomes('severed');
  await dead.kill();
  const { length: written } = it_.writes;
  const patched = await fetch(`${it_.apisix.adminUrl}/apisix/admin/global_rules/pullcord-clamp`, {
    ...{ method: 'DELETE', headers: { 'x-api-key': it_.apisix.adminKey } },
  });
  await patched.text();
  // Drift, found at the next look: every five seconds.
  await until(() => it_.writes.length > written, 5_000 + LEASE_MS + 3_000);
  expect(it_.writes.at(-1)?.by).toBe(other.name);
  await it_.becomes('severed');
  await dead.start();
}, 60_000);
