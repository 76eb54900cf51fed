import { UnrecoverableError } from 'bullmq';
import pino from 'pino';
import type { Job } from '../../src/queue/jobs';
import { jobId, priorityOf, retries } from '../../src/queue/jobs';
import { processor } from '../../src/queue/process';

const job: Job = { name: 'enforce', order: 7, action: 'sever', correlation: 'message-1' };

function setUp(behave: () => Promise<void> = async () => undefined) {
  const handled: Job[] = [];
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });
  const take = async (taken: Job): Promise<void> => {
    handled.push(taken);
    await behave();
  };
  return { handled, lines, process: processor({ enforce: take, reply: take, deliver: take, drill: take }, logger) };
}

it('hands a job over as it was read', async () => {
  const { handled, lines, process } = setUp();
  await process({ id: 'enforce-7', data: job, attemptsMade: 0, opts: { attempts: 3 } });
  expect(handled).toEqual([job]);
  expect(lines).toEqual([]);
});

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['no object', 'enforce'],
  ['an unknown name', { ...job, name: 'restore' }],
  ['an unknown action', { ...job, action: 'delete' }],
  ['an order that is no number', { ...job, order: '7' }],
  ['an order below one', { ...job, order: 0 }],
  ['more than belongs there', { ...job, text: 'Text RESTORE and your code to +15550100009' }],
  ['a correlation without end', { ...job, correlation: 'x'.repeat(10_000) }],
])('drops what somebody else wrote into the queue: %s', async (_what, data) => {
  const { handled, lines, process } = setUp();
  await expect(process({ id: '1', data, attemptsMade: 0, opts: {} })).rejects.toThrow(UnrecoverableError);
  expect(handled).toEqual([]);
  expect(lines).toEqual([expect.objectContaining({ level: 50, job: '1' })]);
});

it.each([
  [0, 40],
  [1, 40],
  [2, 50],
])('tells a failure after %d attempts, and leaves no word of it in the queue', async (attemptsMade, level) => {
  const { lines, process } = setUp(async () => {
    throw new Error('the key is sk-1234');
  });
  const failed = process({ id: 'enforce-7', data: job, attemptsMade, opts: { attempts: 3 } });
  await expect(failed).rejects.toThrow(/^failed: see the log$/);
  expect(lines).toEqual([
    expect.objectContaining({ level, order: 7, correlation: 'message-1', attempt: attemptsMade + 1 }),
  ]);
});

it('names a job by its order: twice the same is one', () => {
  expect(jobId(job)).toBe('enforce-7');
  expect(jobId({ name: 'reply', order: 7, correlation: '' })).toBe('reply-7');
});

it('lets stop win', () => {
  expect(priorityOf(job)).toBeLessThan(priorityOf({ ...job, action: 'restore' }));
  expect(priorityOf({ ...job, action: 'restore' })).toBeLessThan(
    priorityOf({ name: 'reply', order: 1, correlation: '' }),
  );
});

it('goes on with a reply for about ten minutes', () => {
  const { attempts, backoffMs } = retries.reply;
  const minutes = (backoffMs * (2 ** (attempts - 1) - 1)) / 60_000;
  expect(minutes).toBeGreaterThan(9);
  expect(minutes).toBeLessThan(12);
});
