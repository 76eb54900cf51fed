import type { PGlite } from '@electric-sql/pglite';
import type { Logger } from 'pino';
import type { Bull } from './bull';
import { type Handlers, type Jobs, QueueUnavailable, type Timetable } from './jobs';
import { pglitePlace } from './pglite';
import type { Place, PlaceOptions } from './place';
import { postgresPlace } from './postgres';
import { processor } from './process';
import { redisPlace } from './redis';
import { settled, within } from './wait';

/** How often the server is asked whether it is there. Milliseconds. */
const LOOK_MS = 1_000;

/** How often it is seen to that the timetable still stands there: a Redis may have been emptied. Milliseconds. */
const TIMETABLE_MS = 10 * 60_000;

/** Bound of that. Milliseconds. */
const KEEP_TIME_MS = 2_000;

/** How long the start waits for the queue before it goes on without. Milliseconds. */
const START_MS = 2_000;

export interface QueueOptions {
  /** Where the queue lives. `pglite` is the ledger's own database, and stays its. */
  readonly place: { readonly redisUrl: string } | { readonly databaseUrl: string } | { readonly pglite: PGlite };
  readonly handlers: Handlers;
  readonly logger: Logger;
  /** Left out: nothing comes up by itself, and what an earlier configuration wanted no longer does. */
  readonly timetable?: Timetable;
  /** Bound of `add`. Milliseconds. */
  readonly addTimeoutMs?: number;
}

/**
 * Starts the queue, and its worker in this process. Never throws for a server that is away: the program starts, and
 * the queue joins in when the server is there.
 */
export async function startQueue(options: QueueOptions): Promise<Jobs> {
  const { place: where, handlers, logger, timetable = {}, addTimeoutMs = 250 } = options;
  let bull: Bull | undefined;
  let healthy = false;
  let told = false;
  let timed = Number.NEGATIVE_INFINITY;
  let closed = false;
  let closing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const onError = (error: unknown): void => {
    if (closed) return;
    if (!told) logger.warn({ err: error, queue: place.kind }, 'the queue does not answer; orders go on without it');
    told = true;
    healthy = false;
  };
  const onAnswer = (): void => {
    if (!healthy) logger.info({ queue: place.kind }, 'the queue answers');
    told = false;
    healthy = true;
  };
  const place = placeFor(where, { process: processor(handlers, logger), onError, timeoutMs: addTimeoutMs });

  const look = async (): Promise<void> => {
    try {
      if (bull) await within(place.ping(), addTimeoutMs, () => new Error(`no answer within ${addTimeoutMs} ms`));
      else await place.prepare();
      if (closed) return;
      bull ??= place.open();
      bull.keepWorking();
      if (!healthy || performance.now() - timed >= TIMETABLE_MS) {
        await within(bull.keepTime(timetable), KEEP_TIME_MS, () => new Error('the timetable could not be looked at'));
        timed = performance.now();
      }
      onAnswer();
    } catch (error) {
      onError(error);
    }
  };
  const watch = async (): Promise<void> => {
    await look();
    if (!closed) timer = setTimeout(watch, LOOK_MS);
  };
  const close = async (): Promise<void> => {
    closed = true;
    healthy = false;
    clearTimeout(timer);
    await bull?.close();
    await place.close();
  };
  await settled(watch(), START_MS);

  return {
    healthy: () => healthy,
    async backlog() {
      if (!bull || closed) throw new QueueUnavailable('the queue was not reached yet');
      return bull.backlog();
    },
    async add(job) {
      if (!bull || closed) throw new QueueUnavailable(closed ? 'the queue is closed' : 'the queue was not reached yet');
      try {
        await within(bull.add(job), addTimeoutMs, () => new Error(`the queue took no job within ${addTimeoutMs} ms`));
      } catch (error) {
        onError(error);
        throw new QueueUnavailable('the queue took no job', { cause: error });
      }
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function placeFor(where: QueueOptions['place'], options: PlaceOptions): Place {
  if ('redisUrl' in where) return redisPlace(where.redisUrl, options);
  if ('databaseUrl' in where) return postgresPlace(where.databaseUrl, options);
  return pglitePlace(where.pglite, options);
}
