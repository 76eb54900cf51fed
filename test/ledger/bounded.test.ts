import { bounded } from '../../src/ledger/bounded';
import { StoreUnavailable } from '../../src/ledger/store';

const standStill = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

it('what does not answer in time is unavailable', async () => {
  const began = performance.now();
  await expect(bounded(new Promise(() => undefined), 30, 'it')).rejects.toThrow(StoreUnavailable);
  expect(performance.now() - began).toBeLessThan(2_000);
});

it('a process that stood still has not waited: the answer was there', async () => {
  // From here on the event loop looks at its timers before it takes up what is set for its next turn.
  await new Promise((resolve) => setImmediate(resolve));
  const answer = bounded(new Promise((resolve) => setImmediate(() => resolve('there'))), 30, 'it');
  standStill(300);
  expect(await answer).toBe('there');
});

it('and it waits no longer than its bound from there on', async () => {
  const never = bounded(new Promise(() => undefined), 30, 'it');
  standStill(300);
  const began = performance.now();
  await expect(never).rejects.toThrow(StoreUnavailable);
  expect(performance.now() - began).toBeLessThan(2_000);
});
