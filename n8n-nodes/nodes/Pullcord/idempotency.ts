import { createHash } from 'node:crypto';

/** What makes one order of one run of a node. */
export interface Run {
  readonly instance: string;
  readonly workflow: string;
  readonly execution: string;
  /** When the execution began, where n8n says so. Epoch, in milliseconds. */
  readonly began: number | undefined;
  readonly node: string;
  /** Which loop of the execution. A repetition by Retry On Fail is the same one. */
  readonly runIndex: number;
  readonly item: number;
  readonly action: string;
  readonly scope: string;
  readonly reason: string;
  /** Epoch, in milliseconds. */
  readonly now: number;
}

/**
 * The idempotency key of an order: the same for a repetition of the same run, another one for everything else.
 *
 * Pullcord knows a key for ever, so one that comes again swallows a stop. Fails towards "another order": severing twice
 * is harmless. An n8n that was installed anew begins to count its executions at 1; so the time when the execution began
 * and the day belong in it. Ids are hashed, so that their length and their characters don't matter; what stands before
 * the hash is for people, but for the day. At most 140 visible ASCII characters.
 */
export function idempotencyKey(run: Run): string {
  const day = new Date(run.now).toISOString().slice(0, 10);
  const { instance, workflow, execution, began = 0, node, runIndex, item, action, scope, reason } = run;
  const all = JSON.stringify([instance, workflow, execution, began, node, runIndex, item, action, scope, reason]);
  const hash = createHash('sha256').update(all).digest('hex');
  const seen = execution.replace(/[^0-9A-Za-z-]/g, '').slice(0, 20);
  return `n8n-${day}-${seen}-${runIndex}-${item}-${hash}`;
}
