import { daily } from '../../src/ledger/daily';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('does it at once and once a day, until it is ended', () => {
  const done: number[] = [];
  const end = daily(() => void done.push(Date.now()));
  expect(done).toHaveLength(1);
  jest.advanceTimersByTime(86_399_999);
  expect(done).toHaveLength(1);
  jest.advanceTimersByTime(1);
  jest.advanceTimersByTime(2 * 86_400_000);
  expect(done).toHaveLength(4);
  end();
  jest.advanceTimersByTime(7 * 86_400_000);
  expect(done).toHaveLength(4);
  expect(jest.getTimerCount()).toBe(0);
});
