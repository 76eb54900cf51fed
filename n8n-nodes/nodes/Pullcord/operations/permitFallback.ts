import type { IDataObject } from 'n8n-workflow';
import { asError, type Failure } from '../../shared/failure';
import { decideFallback, fallback, fallbackOf, isSeen } from '../fallback';
import type { Operation } from '../operation';
import { missingOf } from '../order';
import { reason, reasonOf, timeout, waitOf, waitUntilVerified } from '../parameters';
import { code, onlyAPerson, operator, proofOf } from '../proof';

/**
 * Hands on that a person permits the paid way, for as long as pullcord.yaml says. It takes that person's name and a fresh
 * one-time password; without them nothing is sent. No AI agent gets it for a tool.
 */
export const permitFallback: Operation = {
  option: {
    name: 'Permit Fallback',
    value: 'permitFallback',
    action: 'Permit a fallback',
    description: "Go over to a fallback in an operator's name, with that operator's fresh one-time password",
  },
  properties: [
    onlyAPerson('permits', 'permitNotice'),
    fallback,
    operator('permits'),
    code,
    reason,
    waitUntilVerified,
    timeout(60),
  ],
  asTool: false,
  run: async (context, item) => {
    const proof = proofOf(context, item, 'permits');
    const seconds = waitOf(context, item, true);
    const wish = { wish: 'fallback', name: fallbackOf(context, item), reason: reasonOf(context, item), proof } as const;
    const answer = await decideFallback(context, item, wish, seconds);
    const failure = answer.ok ? doubtOf(answer.body, seconds) : answer.failure;
    if (failure) throw asError(context.getNode(), failure, item);
    return answer.ok ? [answer.body] : [];
  },
};

/** What speaks against saying that it is gone over. */
function doubtOf(now: IDataObject, seconds: number): Failure | undefined {
  const { name, state, seen, missing, order, forbiddenBy } = now;
  const facts = { fallback: name, state, seen, missing, order };
  if (state === 'forbidden')
    return {
      message: `${String(name)} was forbidden after it was permitted`,
      description: `Severed: ${[forbiddenBy].flat().join(', ')}. A person restores that first.`,
      ...{ reason: 'overtaken', facts },
    };
  if (state !== 'fallback')
    return {
      message: `${String(name)} was taken back after it was permitted`,
      description: 'Look with Get Fallbacks before you permit it again.',
      ...{ reason: 'overtaken', facts },
    };
  if (isSeen(now) || seconds === 0) return undefined;
  return {
    message: `${String(name)} is permitted, but was not seen to be used by every gateway within ${seconds} s`,
    description: `Missing: ${missingOf(now)}. Pullcord keeps writing and looking; Get Fallbacks shows how it stands.`,
    ...{ reason: 'not-seen', facts },
  };
}
