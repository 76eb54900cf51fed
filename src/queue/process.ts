import { UnrecoverableError } from 'bullmq';
import type { Logger } from 'pino';
import { type Handlers, type Job, jobSchema, TryAgain } from './jobs';

/** What a worker knows of a job that it took. */
export interface TakenJob {
  readonly id?: string | undefined;
  readonly data: unknown;
  /** Attempts before this one. */
  readonly attemptsMade: number;
  readonly opts: { readonly attempts?: number | undefined };
}

/**
 * Hands a job to its handler. What went wrong is told in the log, with the correlation of the message that set it off;
 * the queue's own storage gets a bare sentence, because an error may hold what has no place there.
 */
export function processor(handlers: Handlers, logger: Logger): (taken: TakenJob) => Promise<void> {
  return async (taken) => {
    const parsed = jobSchema.safeParse(taken.data);
    if (!parsed.success) {
      logger.error({ job: taken.id }, 'a job in the queue was not written by this program: dropped');
      throw new UnrecoverableError('not a job of this program');
    }
    try {
      await handle(handlers, parsed.data);
    } catch (error) {
      const attempt = taken.attemptsMade + 1;
      const last = attempt >= (taken.opts.attempts ?? 1);
      const { name: _name, ...about } = parsed.data;
      logger[error instanceof TryAgain ? 'debug' : last ? 'error' : 'warn'](
        { job: taken.id, ...about, attempt, err: error },
        last ? 'job failed for the last time' : 'job failed, it will be tried again',
      );
      throw new Error('failed: see the log');
    }
  };
}

function handle(handlers: Handlers, job: Job): Promise<void> {
  switch (job.name) {
    case 'enforce':
      return handlers.enforce(job);
    case 'reply':
      return handlers.reply(job);
    case 'deliver':
      return handlers.deliver(job);
    case 'drill':
      return handlers.drill(job);
  }
}
