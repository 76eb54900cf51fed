import type { IDataObject } from 'n8n-workflow';
import { asError, type Failure } from '../../shared/failure';
import { decideFallback, fallback, fallbackOf, isSeen } from '../fallback';
import type { Operation } from '../operation';
import { missingOf } from '../order';
import { reason, reasonOf, timeout, waitOf, waitUntilVerified } from '../parameters';

/** Takes the paid way out of the gateway: the safe direction, so that a token is enough, and an AI agent may. */
export const takeBackFallback: Operation = {
  option: {
    name: 'Take Back Fallback',
    value: 'takeBackFallback',
    action: 'Take a fallback back',
    description: 'Go back to the primary, at once. Only a person, or pullcord.yaml, goes over again.',
  },
  properties: [fallback, reason, waitUntilVerified, timeout(60)],
  asTool: true,
  run: async (context, item) => {
    const seconds = waitOf(context, item, true);
    const wish = { wish: 'primary', name: fallbackOf(context, item), reason: reasonOf(context, item) } as const;
    const answer = await decideFallback(context, item, wish, seconds);
    const failure = answer.ok ? doubtOf(answer.body, seconds) : urgent(answer.failure);
    if (failure) throw asError(context.getNode(), failure, item);
    return answer.ok ? [answer.body] : [];
  },
};

/** What speaks against saying that it is gone back. */
function doubtOf(now: IDataObject, seconds: number): Failure | undefined {
  const { name, state, seen, missing, order } = now;
  const facts = { fallback: name, state, seen, missing, order };
  if (state === 'fallback')
    return {
      message: `${String(name)} was permitted again after it was taken back`,
      description: 'Look with Get Fallbacks. If it has to end, take it back again in a new execution.',
      ...{ reason: 'overtaken', facts },
    };
  if (isSeen(now) || seconds === 0) return undefined;
  return {
    message: `${String(name)} was not seen to be left by every gateway within ${seconds} s`,
    description: `Missing: ${missingOf(now)}. Pullcord keeps writing and looking; Get Fallbacks shows how it stands.`,
    ...{ reason: 'not-seen', facts },
  };
}

/** Going back takes the ledger; a stop takes nothing. */
const urgent = (failure: Failure): Failure => ({
  ...failure,
  description: `${failure.description} If it is urgent, sever a scope that holds the fallback: that forbids it.`.trim(),
});
