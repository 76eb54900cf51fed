import { z } from 'zod';
import type { Schedule } from '../cron';
import type { Action } from '../orders/order';

const SECOND_MS = 1_000;
const HOUR_SECONDS = 3_600;

const common = { order: z.int().positive(), correlation: z.string().max(200) };

/** What is read back out of the queue: another program may have written there, so it holds no text to send, no address and no goal. */
export const jobSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('enforce'), action: z.enum(['sever', 'restore'] satisfies Action[]), ...common }),
  z.strictObject({ name: z.literal('reply'), ...common }),
  z.strictObject({ name: z.literal('deliver'), subscription: z.uuid(), event: z.uuid() }),
  z.strictObject({ name: z.literal('drill') }),
]);

/**
 * `enforce`: the latches changed by this order, look at them now. `reply`: tell the sender of this order how it went.
 * `deliver`: send this event to this subscription, if it is still owed. `drill`: the schedule says that one is due. They
 * name things by their numbers and nothing else; whoever does them reads the rest from the database.
 */
export type Job = z.infer<typeof jobSchema>;

/** The same order's job of one name is one job, however often it is added. */
export function jobId(job: Job): string {
  if (job.name === 'drill') return job.name;
  return job.name === 'deliver' ? `deliver-${job.subscription}-${job.event}` : `${job.name}-${job.order}`;
}

/** Smaller goes first (law 1: stop wins). */
export const priorityOf = (job: Job): number =>
  job.name === 'enforce' ? (job.action === 'sever' ? 1 : 2) : job.name === 'reply' ? 3 : 4;

export interface Lane {
  /** BullMQ's name of the queue. */
  readonly queue: string;
  /** Jobs at once. */
  readonly concurrency: number;
}

/** What waits for others, for receivers that nobody knows or for gateways, has slots of its own: an order never waits for one of them. */
export const lanes = {
  orders: { queue: 'pullcord', concurrency: 4 },
  deliveries: { queue: 'pullcord-deliveries', concurrency: 64 },
} as const satisfies Record<string, Lane>;

export const laneOf = ({ name }: Pick<Job, 'name'>): keyof typeof lanes =>
  name === 'deliver' || name === 'drill' ? 'deliveries' : 'orders';

/** Jobs that come up by themselves, by their names: each once, however many instances there are. */
export interface Timetable {
  readonly drill?: Schedule | undefined;
}

interface Retries {
  readonly attempts: number;
  /** Before the second attempt; doubles with each further one. Milliseconds. */
  readonly backoffMs: number;
}

export const retries: Readonly<Record<Job['name'], Retries>> = {
  // Few: the enforcer's own loop makes it true, and does not give up.
  enforce: { attempts: 3, backoffMs: 500 },
  // 5 s, 10 s ... 320 s: ten and a half minutes in all. After that nobody waits for a text any more.
  reply: { attempts: 8, backoffMs: 5 * SECOND_MS },
  // 1 s, 2 s ... 17 min: longer than the events themselves go on quickly. What is still owed then is taken up again.
  deliver: { attempts: 12, backoffMs: SECOND_MS },
  // 1 min, 2 min ... 64 min: a little more than the two hours that a drill waits for something else to end.
  drill: { attempts: 8, backoffMs: 60 * SECOND_MS },
};

const remembered = {
  completed: { age: HOUR_SECONDS, count: 1_000 },
  failed: { age: 24 * HOUR_SECONDS, count: 1_000 },
} as const;

/**
 * How long a finished job is remembered, so that adding it again does nothing. Nothing grows without end. A delivery is
 * forgotten at once: whether it is owed stands in the outbox, and what is still owed has to be taken up again.
 */
export const keep = {
  enforce: remembered,
  reply: remembered,
  deliver: { completed: true, failed: true },
  // So that no old one stands in the way of the next.
  drill: { completed: true, failed: true },
} as const satisfies Record<Job['name'], unknown>;

export type Handlers = { readonly [Name in Job['name']]: (job: Extract<Job, { name: Name }>) => Promise<void> };

/** The job has to be tried again, and why is told already, by whoever throws this. */
export class TryAgain extends Error {
  override readonly name = 'TryAgain';
}

/** The queue did not take the job in time. It may have arrived all the same: handlers have to bear a job twice. */
export class QueueUnavailable extends Error {
  override readonly name = 'QueueUnavailable';
}

/** What waits in one lane. */
export interface LaneBacklog {
  readonly lane: keyof typeof lanes;
  readonly counts: Readonly<Record<'ready' | 'delayed' | 'active' | 'failed', number>>;
  /** When the oldest job was added that could be taken now, of the first hundred. Epoch, in milliseconds. */
  readonly oldestAt: number | undefined;
}

/** The queue makes an order fast; nothing depends on it. It fails by refusing a job, soon and aloud. */
export interface Jobs {
  /** @throws QueueUnavailable within `addTimeoutMs`, also while the server is away or frozen. */
  add(job: Job): Promise<void>;
  /** Whether the queue answered when it was last asked, at most a few seconds ago. */
  healthy(): boolean;
  /** What waits. Left out: nobody can be asked. @throws when the queue does not answer; not bounded in time */
  backlog?(): Promise<readonly LaneBacklog[]>;
  /** Lets running jobs end, at most 2 s, and lets go of everything within 3 s. Never throws. */
  close(): Promise<void>;
}

/** Where no queue can live: every job is refused, and everything goes on without. */
export const noQueue: Jobs = {
  add: () => Promise.reject(new QueueUnavailable('there is no queue')),
  healthy: () => false,
  close: async () => undefined,
};
