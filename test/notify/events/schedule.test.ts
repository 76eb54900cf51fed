import { dueAfter, isQuick, LEASE_MS, QUICK_TRIES, waitMs } from '../../../src/notify/events/schedule';
import { retries } from '../../../src/queue/jobs';

it('waits twice as long each time, and at most ten minutes', () => {
  const waits = Array.from({ length: 14 }, (_, i) => waitMs(i + 1) / 1000);
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600]);
});

it('is looked for later than whoever tries again by itself, and else when it is due', () => {
  for (let tries = 1; tries <= 20; tries++)
    expect(dueAfter(tries, 5_000)).toBe(5_000 + waitMs(tries) + (tries <= QUICK_TRIES ? LEASE_MS : 0));
});

it('leaves the queue enough attempts for the quick tries, and it waits as it is written here', () => {
  const { attempts, backoffMs } = retries.deliver;
  expect(attempts).toBeGreaterThan(QUICK_TRIES);
  for (let tries = 1; isQuick(tries); tries++) expect(waitMs(tries)).toBe(backoffMs * 2 ** (tries - 1));
});
