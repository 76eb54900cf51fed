import { type BackendFactory, type IQueueBackend, type JobsOptions, withBackend } from 'bullmq';
import type { Schedule } from '../cron';
import { brake } from './brake';
import {
  type Job,
  jobId,
  keep,
  type Lane,
  type LaneBacklog,
  laneOf,
  lanes,
  priorityOf,
  retries,
  type Timetable,
} from './jobs';
import type { TakenJob } from './process';
import { settled, waitFor } from './wait';

const PREFIX = 'pullcord';
const SECOND_MS = 1_000;

/** Jobs that are looked through for the oldest: they stand there by their priority. */
const OLDEST_OF = 100;

/** How long close waits for the handlers that run. Milliseconds. */
const GRACE_MS = 2 * SECOND_MS;

export interface BullOptions<B extends IQueueBackend, Connection> {
  readonly factory: BackendFactory<B, Connection>;
  /** Adds jobs: gives up soon. */
  readonly producer: Connection;
  /** Takes jobs: waits for ever. */
  readonly consumer: Connection;
  readonly process: (taken: TakenJob) => Promise<void>;
  readonly onError: (error: Error) => void;
}

/** BullMQ's queues and workers, as one. */
export interface Bull {
  add(job: Job): Promise<void>;
  /**
   * Sees to it that what comes up by itself does so at these times, and nothing else does. Changes nothing that is as it
   * should be: a time that was missed stands there until a worker takes it.
   */
  keepTime(timetable: Timetable): Promise<void>;
  /** What waits, lane by lane. */
  backlog(): Promise<readonly LaneBacklog[]>;
  /** Sets a worker going again that came to a stand. */
  keepWorking(): void;
  /** Within 3 s. The connections that were handed in stay open. */
  close(): Promise<void>;
}

export function openBull<B extends IQueueBackend, Connection>(options: BullOptions<B, Connection>): Bull {
  const opened = { orders: openLane(options, lanes.orders), deliveries: openLane(options, lanes.deliveries) };
  const all = Object.values(opened);
  return {
    add: (job) => opened[laneOf(job)].add(job),
    keepTime: ({ drill }) => opened[laneOf({ name: 'drill' })].schedule('drill', drill),
    keepWorking: () => all.forEach((lane) => lane.keepWorking()),
    backlog: async () => [
      { lane: 'orders', ...(await opened.orders.backlog()) },
      { lane: 'deliveries', ...(await opened.deliveries.backlog()) },
    ],
    close: async () => void (await Promise.all(all.map((lane) => lane.close()))),
  };
}

interface OpenLane extends Pick<Bull, 'add' | 'keepWorking' | 'close'> {
  schedule(name: 'drill', wanted: Schedule | undefined): Promise<void>;
  backlog(): Promise<Omit<LaneBacklog, 'lane'>>;
}

function openLane<B extends IQueueBackend, Connection>(options: BullOptions<B, Connection>, lane: Lane): OpenLane {
  const { Queue, Worker } = withBackend(options.factory);
  const queue = new Queue<Job>(lane.queue, {
    prefix: PREFIX,
    connection: options.producer,
    // A question at the start that stays unanswered would make it useless for ever. The worker asks it patiently.
    skipVersionCheck: true,
    // BullMQ writes an event for each step of a job. Nobody reads them.
    streams: { events: { maxLen: 100 } },
  });
  const worker = new Worker<Job>(lane.queue, options.process, {
    prefix: PREFIX,
    connection: options.consumer,
    concurrency: lane.concurrency,
    // A job whose process was killed is taken up again after at most twice this time, however often that happens.
    lockDuration: 5 * SECOND_MS,
    stalledInterval: 5 * SECOND_MS,
    maxStalledCount: 1_000,
    runRetryDelay: SECOND_MS,
  });
  const running = new Set<string>();
  worker.on('active', (job) => running.add(String(job.id)));
  worker.on('completed', (job) => running.delete(String(job.id)));
  worker.on('failed', (job) => running.delete(String(job?.id)));
  const release = brake(worker, options.onError);
  queue.on('error', options.onError);
  let closing = false;

  return {
    async add(job) {
      const added = await queue.add(job.name, job, { jobId: jobId(job), ...settingsOf(job) });
      // Whoever brings it again knows that it needn't wait: its receiver takes events again. It may have begun meanwhile.
      if (job.name === 'deliver' && (await added.isDelayed())) await added.promote().catch(() => undefined);
    },
    async schedule(name, wanted) {
      const known = await queue.getJobScheduler(name);
      if (!wanted) {
        if (known) await queue.removeJobScheduler(name);
        return;
      }
      const { cron: pattern, timeZone: tz } = wanted;
      const next = known?.pattern === pattern && known.tz === tz ? known.next : undefined;
      // Whoever takes a job makes the next one: where it got lost, no more would ever come.
      if (next !== undefined && (await queue.getJob(`repeat:${name}:${next}`))) return;
      const data: Job = { name };
      await queue.upsertJobScheduler(name, { pattern, tz }, { name, data, opts: settingsOf(data) });
    },
    async backlog() {
      const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active', 'failed');
      const { waiting = 0, prioritized = 0, delayed = 0, active = 0, failed = 0 } = counts;
      const ready = waiting + prioritized;
      const oldest = ready === 0 ? [] : await queue.getJobs(['waiting', 'prioritized'], 0, OLDEST_OF - 1, true);
      const times = oldest.flatMap((job) => (job ? [job.timestamp] : []));
      const oldestAt = times.length === 0 ? undefined : Math.min(...times);
      return { counts: { ready, delayed, active, failed }, oldestAt };
    },
    keepWorking() {
      if (!closing && !worker.isPaused() && !worker.isRunning()) worker.run().catch(options.onError);
    },
    async close() {
      closing = true;
      release();
      // BullMQ's own graceful close waits for a dead server for ever. So: take no more, let the handlers end, then
      // let go by force; what was not recorded as done is done again after the restart.
      await worker.pause(true);
      await waitFor(() => running.size === 0, GRACE_MS);
      await settled(worker.getBackend().disconnectBlocking(false), 100);
      await settled(Promise.all([worker.close(true), queue.close()]), 500);
    },
  };
}

const settingsOf = (job: Job): Omit<JobsOptions, 'jobId' | 'repeat' | 'delay'> => ({
  priority: priorityOf(job),
  attempts: retries[job.name].attempts,
  backoff: { type: 'exponential', delay: retries[job.name].backoffMs },
  removeOnComplete: keep[job.name].completed,
  removeOnFail: keep[job.name].failed,
  stackTraceLimit: 0,
});
