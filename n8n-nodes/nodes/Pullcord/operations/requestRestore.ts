import type { IDataObject } from 'n8n-workflow';
import { asError, type Failure } from '../../shared/failure';
import type { Operation } from '../operation';
import { missingOf, nameOf, placeOrder } from '../order';
import { reason, reasonOf, scope, textOf, timeout, waitOf, waitUntilVerified } from '../parameters';
import { code, onlyAPerson, operator, proofOf } from '../proof';

/**
 * Hands on what a person asks for: to open again what was cut. It takes that person's name and a fresh one-time
 * password; without them nothing is sent. No AI agent gets it for a tool.
 */
export const requestRestore: Operation = {
  option: {
    name: 'Request Restore',
    value: 'requestRestore',
    action: 'Request a restore',
    description: "Restore a scope in an operator's name, with that operator's fresh one-time password",
  },
  properties: [
    onlyAPerson('restores', 'restoreNotice'),
    scope,
    operator('restores'),
    code,
    reason,
    waitUntilVerified,
    timeout(60),
  ],
  asTool: false,
  run: async (context, item) => {
    const proof = proofOf(context, item, 'restores');
    const seconds = waitOf(context, item, true);
    const order = {
      action: 'restore',
      scope: textOf(context, 'scope', item),
      reason: reasonOf(context, item),
    } as const;
    const answer = await placeOrder(context, item, { ...order, proof }, seconds);
    const failure = answer.ok ? doubtOf(answer.body, seconds) : answer.failure;
    if (failure) throw asError(context.getNode(), failure, item);
    return answer.ok ? [answer.body] : [];
  },
};

function doubtOf(outcome: IDataObject, seconds: number): Failure | undefined {
  const { number, scope: named, state, missing } = outcome;
  const facts = { order: number, scope: named, state, missing };
  if (state === 'overtaken')
    return {
      message: `${nameOf(outcome)} was overtaken by a later one: ${String(named)} may still be cut`,
      description: 'A stop overrides every restore. Look with Get Status before you ask again.',
      ...{ reason: 'overtaken', facts },
    };
  if (state !== 'restoring' || seconds === 0) return undefined;
  return {
    message: `${nameOf(outcome)}: ${String(named)} was not seen to be restored within ${seconds} s`,
    description: `Missing: ${missingOf(outcome)}. Pullcord keeps restoring and looking; Get Order shows how it stands.`,
    ...{ reason: 'not-seen', facts },
  };
}
