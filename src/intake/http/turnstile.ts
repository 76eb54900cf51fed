import type { Response } from 'express';

/** A middleware of Express, of which it looks at little. */
type Turnstile = (req: unknown, res: Pick<Response, 'closed'>, next: () => void) => void;

/** A forged webhook takes about 0.2 ms: what else is under way gets its turn every 1 to 2 ms. */
const PER_TURN = 4;

/**
 * Lets a few requests in at each turn of the event loop; the others wait outside, in the order of their coming. An
 * order takes a good ten turns until it is verified (the gateway answers, the probes, the ledger), and in each of them
 * a flood would put one request of every connection that it has. Refuses nobody: what bounds the waiting is the
 * listener's bound of connections.
 */
export function turnstile(perTurn = PER_TURN): Turnstile {
  let waiting: { readonly res: Pick<Response, 'closed'>; readonly next: () => void }[] = [];
  let admitted = 0;
  let turning = false;

  function turn(): void {
    // Who hung up meanwhile wants no answer any more.
    waiting = waiting.filter(({ res }) => !res.closed);
    const first = waiting.splice(0, perTurn);
    admitted = first.length;
    turning = admitted > 0;
    if (turning) setImmediate(turn);
    for (const { next } of first) next();
  }

  return (_req, res, next) => {
    if (!turning) {
      turning = true;
      setImmediate(turn);
    }
    if (admitted === perTurn || waiting.length > 0) {
      waiting.push({ res, next });
      return;
    }
    admitted += 1;
    next();
  };
}
