import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Clock } from '../../clock';

/** What belongs to one request besides itself. */
export interface Context {
  /** Stands in the log lines, the ledger and the answer's `X-Request-Id`. */
  readonly correlation: string;
  readonly log: Logger;
}

export interface ContextOptions {
  readonly log: Logger;
  readonly now: Clock;
  /** Makes a fresh correlation id. */
  readonly randomId: () => string;
  /** Traces what comes. Left out: nothing is traced. */
  readonly traced?: RequestHandler | undefined;
}

/** What may be taken over from outside: it goes into logs and into the ledger. */
const SANE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const PATH_LOGGED = 100;
/** What watchers ask for again and again. */
const LOOKED_AT: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

const contexts = new WeakMap<IncomingMessage, Context>();

export function contextOf(req: IncomingMessage): Context {
  const context = contexts.get(req);
  if (!context) throw new Error('The request has no context: put giveContext before all handlers.');
  return context;
}

/**
 * Gives each request its correlation id and one line in the log: path and status, never headers, query or body.
 * @param quietRefusals what anybody on the internet can cause doesn't fill the log.
 */
export function giveContext({ log, now, randomId }: ContextOptions, quietRefusals: boolean): RequestHandler {
  return (req, res, next) => {
    const sent = req.get('x-request-id') ?? '';
    const correlation = SANE_ID.test(sent) ? sent : randomId();
    const context = { correlation, log: log.child({ correlation }) };
    contexts.set(req, context);
    res.setHeader('x-request-id', correlation);
    const { method, path } = req;
    const began = now();
    res.once('close', () => {
      const status = res.writableFinished ? res.statusCode : 'aborted';
      const refused = res.statusCode >= 400 && res.statusCode < 500;
      const quiet = LOOKED_AT.has(path) || (refused && quietRefusals);
      const level = quiet ? 'debug' : 'info';
      context.log[level]({ method, path: path.slice(0, PATH_LOGGED), status, ms: now() - began }, 'answered');
    });
    next();
  };
}
