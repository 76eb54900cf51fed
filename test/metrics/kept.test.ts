import { kept } from '../../src/metrics/kept';

it('is asked once in so long, however many want to know', async () => {
  let now = 0;
  const ask = jest.fn(async () => now);
  const known = kept({ ask, goodForMs: 100, monotonic: () => now });
  expect(await Promise.all([known(), known(), known()])).toEqual([0, 0, 0]);
  now = 99;
  expect(await known()).toBe(0);
  expect(ask).toHaveBeenCalledTimes(1);
  now = 100;
  expect(await known()).toBe(100);
  expect(ask).toHaveBeenCalledTimes(2);
});

it('who does not answer is not waited for, and asked no second question meanwhile', async () => {
  const ask = jest.fn(() => new Promise<number>(() => undefined));
  const known = kept({ ask, boundMs: 10 });
  expect(await known()).toBeUndefined();
  expect(await known()).toBeUndefined();
  expect(ask).toHaveBeenCalledTimes(1);
});

it('an answer that comes late is known to the next who asks', async () => {
  let answer: (value: number) => void = () => undefined;
  const known = kept({
    ask: () =>
      new Promise<number>((resolve) => {
        answer = resolve;
      }),
    boundMs: 10,
  });
  expect(await known()).toBeUndefined();
  answer(7);
  expect(await known()).toBe(7);
});

it('who fails is not asked more often, and what was known before is not told as new', async () => {
  let now = 0;
  const ask = jest.fn<Promise<number>, []>().mockResolvedValueOnce(1).mockRejectedValue(new Error('away'));
  const known = kept({ ask, goodForMs: 100, monotonic: () => now });
  expect(await known()).toBe(1);
  now = 100;
  expect(await known()).toBeUndefined();
  now = 150;
  expect(await known()).toBeUndefined();
  expect(ask).toHaveBeenCalledTimes(2);
});
