import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import pino from 'pino';
import type { Handlers, Job, Jobs, Timetable } from '../../src/queue/jobs';
import { type QueueOptions, startQueue } from '../../src/queue/queue';
import { until } from './until';

export type QueuePlace = QueueOptions['place'];

/** A queue whose handlers are written down; what they do can be set. */
export interface WatchedQueue extends Jobs {
  readonly handled: { readonly job: Job; readonly at: number }[];
  readonly logged: Record<string, unknown>[];
  behave: (job: Job) => Promise<void>;
  /** Waits until a job was handled so often. */
  handledTimes(job: Job, times: number, ms?: number): Promise<void>;
}

export async function watchedQueue(
  place: QueuePlace,
  options: { addTimeoutMs?: number; timetable?: Timetable } = {},
): Promise<WatchedQueue> {
  const handled: WatchedQueue['handled'] = [];
  const logged: WatchedQueue['logged'] = [];
  const take = (job: Job): Promise<void> => {
    handled.push({ job, at: performance.now() });
    return queue.behave(job);
  };
  const handlers: Handlers = { enforce: take, reply: take, deliver: take, drill: take };
  const logger = pino({ level: 'debug' }, { write: (line) => void logged.push(JSON.parse(line)) });
  const jobs = await startQueue({ place, handlers, logger, addTimeoutMs: 2_000, ...options });
  const queue: WatchedQueue = {
    ...jobs,
    handled,
    logged,
    behave: async () => undefined,
    handledTimes: async (job, times, ms) => {
      await until(() => timesHandled(handled, job) >= times, ms);
    },
  };
  return queue;
}

export const timesHandled = (handled: WatchedQueue['handled'], job: Job): number =>
  handled.filter((entry) => isDeepStrictEqual(entry.job, job)).length;

let last = 0;

/** A job that was never there before. */
export const enforce = (action: 'sever' | 'restore' = 'sever'): Job & { name: 'enforce' } => {
  last += 1;
  return { name: 'enforce', order: last, action, correlation: `message-${last}` };
};

export const reply = (): Job & { name: 'reply' } => {
  last += 1;
  return { name: 'reply', order: last, correlation: `message-${last}` };
};

export const deliver = (): Job & { name: 'deliver' } => ({
  ...{ name: 'deliver', subscription: randomUUID(), event: randomUUID() },
});
