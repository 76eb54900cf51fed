import pino from 'pino';
import type { Result } from '../../../src/notify/events/deliveries';
import { Direct } from '../../../src/notify/events/direct';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const ids = (event: string) => ({ subscription: 's', event });
function setUp() {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });
  const at: number[] = [];
  const began = Date.now();
  const attempt = (answer: (tries: number) => Result | Error) => async (): Promise<Result> => {
    at.push((Date.now() - began) / 1000);
    const result = answer(at.length);
    if (result instanceof Error) throw result;
    return result;
  };
  return { direct: new Direct(logger), attempt, at, lines };
}

it('tries again, ever later, until it is over; a try that throws is one in vain', async () => {
  const { direct, attempt, at } = setUp();
  const answers = ['again', new Error('the ledger is away'), 'again', 'over'] as const;
  direct.bring(
    ids('a'),
    attempt((tries) => answers[tries - 1] ?? 'over'),
  );
  await jest.advanceTimersByTimeAsync(3_600_000);
  expect(at).toEqual([0, 1, 3, 7]);
});

it('gives up after 17 minutes, aloud, and takes the same up again later', async () => {
  const { direct, attempt, at, lines } = setUp();
  direct.bring(
    ids('a'),
    attempt(() => 'again'),
  );
  await jest.advanceTimersByTimeAsync(24 * 3_600_000);
  expect(at).toHaveLength(11);
  expect(at.at(-1)).toBe(1_023);
  expect(lines.filter(({ level }) => Number(level) >= 40)).toEqual([
    expect.objectContaining({ subscription: 's', event: 'a', msg: expect.stringContaining('nobody took it') }),
  ]);
  direct.bring(
    ids('a'),
    attempt(() => 'over'),
  );
  await jest.advanceTimersByTimeAsync(0);
  expect(at).toHaveLength(12);
});

it('holds the same once, and 200 at most: the oldest makes room', async () => {
  const { direct, attempt, at, lines } = setUp();
  for (let i = 0; i < 3; i++)
    direct.bring(
      ids('a'),
      attempt(() => 'again'),
    );
  await jest.advanceTimersByTimeAsync(0);
  expect(at).toHaveLength(1);
  for (let i = 0; i < 200; i++) direct.bring(ids(`more-${i}`), async () => 'again');
  await jest.advanceTimersByTimeAsync(10_000);
  expect(at).toHaveLength(1);
  expect(lines.filter(({ event, level }) => event === 'a' && level === 40)).toHaveLength(1);
  direct.close();
});

it('lets go of all of it at the end, and takes nothing more', async () => {
  const { direct, attempt, at } = setUp();
  direct.bring(
    ids('a'),
    attempt(() => 'again'),
  );
  await jest.advanceTimersByTimeAsync(0);
  direct.close();
  direct.bring(
    ids('b'),
    attempt(() => 'again'),
  );
  await jest.advanceTimersByTimeAsync(3_600_000);
  expect(at).toEqual([0]);
  expect(jest.getTimerCount()).toBe(0);
});
