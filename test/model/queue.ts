import { type Handlers, type Job, type Jobs, jobId, QueueUnavailable, retries } from '../../src/queue/jobs';
import { type Life, NOBODY, type VirtualTime } from './time';

/** A queue that outlives programs: what it holds, and how it fails. */
export class ToyQueue {
  away = false;
  /** It came back empty: nobody may wait for what it held. */
  lost = 0;
  private readonly workers = new Map<Life, () => Promise<void>>();
  private readonly known = new Set<string>();
  private waiting: { readonly job: Job; readonly attempt: number }[] = [];

  constructor(
    private readonly time: VirtualTime,
    private readonly latency: () => number,
  ) {}

  /** As a Redis without a disk after its restart. */
  empty(): void {
    this.lost += this.waiting.length;
    this.waiting = [];
    this.known.clear();
  }

  jobs(life: Life, handlers: Handlers): Jobs {
    this.workers.set(life, async () => {
      const next = this.away ? undefined : this.waiting.shift();
      if (!next) return;
      const { job, attempt } = next;
      // Taken by a worker; should that die, the queue hands it out again.
      const stalled = this.time.after(30_000, () => this.again(job, attempt), NOBODY);
      try {
        await (handlers[job.name] as (job: Job) => Promise<void>)(job);
      } catch {
        const { attempts, backoffMs } = retries[job.name];
        if (attempt >= attempts) this.lost += 1;
        else this.time.after(backoffMs * 2 ** (attempt - 1), () => this.again(job, attempt + 1), NOBODY);
      }
      stalled.cancelled = true;
    });
    for (const _ of this.waiting) this.call();
    return {
      healthy: () => !this.away,
      add: (job) =>
        new Promise((resolve, reject) => {
          const arrive = (): void => {
            if (this.away) {
              reject(new QueueUnavailable('the queue took no job'));
              return;
            }
            if (!this.known.has(jobId(job))) this.again(job, 1);
            this.known.add(jobId(job));
            resolve();
          };
          this.time.after(this.latency(), arrive, life);
        }),
      close: async () => undefined,
    };
  }

  mend(): void {
    this.away = false;
    for (const _ of this.waiting) this.call();
  }

  private again(job: Job, attempt: number): void {
    this.waiting.push({ job, attempt });
    this.call();
  }

  /** One of the workers that are alive looks; what a dead one would have taken waits for the next that is born. */
  private call(): void {
    const [found] = [...this.workers].filter(([life]) => life.alive);
    if (found) this.time.after(this.latency(), found[1], found[0]);
  }
}
