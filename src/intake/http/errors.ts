import type { ErrorRequestHandler, Request } from 'express';
import { StoreUnavailable } from '../../ledger/store';
import type { Refusal, RefusalReason } from '../../orders/reasons';
import { contextOf } from './context';
import { refuse } from './problem';

/**
 * What an error that a handler threw means to the client. The error's own message never gets there: a parser's quotes
 * the body, which may hold a code. The log has it, but for what the client itself did wrong.
 */
function refusalFor(error: unknown): Refusal {
  if (error instanceof StoreUnavailable) return { refused: 'ledger-unavailable' };
  // body-parser and express give what the client did wrong a status below 500.
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  if (status === 413) return { refused: 'too-large' };
  if (status === 415) return { refused: 'wrong-media-type' };
  if (status >= 400 && status < 500) return { refused: 'bad-request' };
  return { refused: 'internal-error' };
}

/** The last handler of a router: every error becomes a problem document. */
export function answerErrors(note?: (req: Request, reason: RefusalReason) => void): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const refusal = refusalFor(error);
    const { log } = contextOf(req);
    if (refusal.refused === 'internal-error') log.error({ err: error }, 'a request failed');
    else if (refusal.refused === 'ledger-unavailable') log.warn({ err: error }, 'the ledger did not answer');
    else note?.(req, refusal.refused);
    if (res.headersSent) {
      res.destroy();
      return;
    }
    refuse(res, refusal);
  };
}
