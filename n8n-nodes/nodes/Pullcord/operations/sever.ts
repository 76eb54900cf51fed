import type { IDataObject } from 'n8n-workflow';
import { asError, type Failure } from '../../shared/failure';
import { isObject } from '../../shared/transport';
import type { Operation } from '../operation';
import { missingOf, nameOf, placeOrder } from '../order';
import { reason, reasonOf, scope, textOf, timeout, waitOf, waitUntilVerified } from '../parameters';

/** Cuts a scope off. Fails towards "it may be open": unless it was seen to be cut, the node says that it was not. */
export const sever: Operation = {
  option: {
    name: 'Sever',
    value: 'sever',
    action: 'Cut the AI agent off by severing a scope',
    description: 'Cut the AI agent off from the network, at once. Only a person can restore it.',
  },
  properties: [scope, reason, waitUntilVerified, timeout(60)],
  asTool: true,
  run: async (context, item) => {
    const seconds = waitOf(context, item, true);
    const order = { action: 'sever', scope: textOf(context, 'scope', item), reason: reasonOf(context, item) } as const;
    const answer = await placeOrder(context, item, order, seconds);
    const failure = answer.ok ? doubtOf(answer.body, seconds) : urgent(answer.failure);
    if (failure) throw asError(context.getNode(), failure, item);
    return answer.ok ? [answer.body] : [];
  },
};

/** What speaks against saying that it is done. */
function doubtOf(outcome: IDataObject, seconds: number): Failure | undefined {
  const { number, scope: named, state, missing, overtakenBy } = outcome;
  const facts = { order: number, scope: named, state, missing };
  const later = isObject(overtakenBy) ? overtakenBy : {};
  // Somebody else severed it, too, and that was seen.
  if (state === 'overtaken' && later.state === 'severed') return undefined;
  if (state === 'overtaken' && later.state === 'severing')
    return {
      message: `${nameOf(outcome)} was overtaken by a later one, which was not seen to cut ${String(named)} yet`,
      description: 'Pullcord keeps cutting and looking; Get Status shows how it stands.',
      ...{ reason: 'not-seen', facts },
    };
  if (state === 'overtaken')
    return {
      message: `${nameOf(outcome)} was overtaken by a later one: ${String(named)} may be open`,
      description: 'Look with Get Status. If it has to be cut, sever it again in a new execution.',
      ...{ reason: 'overtaken', facts },
    };
  if (state === 'severed' || seconds === 0) return undefined;
  return {
    message: `${nameOf(outcome)}: ${String(named)} was not seen to be cut within ${seconds} s`,
    description: `Missing: ${missingOf(outcome)}. Pullcord keeps cutting and looking; Get Order shows how it stands.`,
    ...{ reason: 'not-seen', facts },
  };
}

function urgent(failure: Failure): Failure {
  const { facts } = failure;
  if (facts)
    return {
      ...failure,
      message: `${nameOf(facts)} to sever ${String(facts.scope)} was accepted, but how it stands could not be found out`,
      description: `${failure.message}. ${failure.description} Pullcord keeps cutting and looking.`,
      facts: { order: facts.number, scope: facts.scope, state: facts.state, missing: facts.missing },
    };
  const { reason: why, status = 500 } = failure;
  const unsure = why === 'not-pullcord' || status >= 500;
  const then = unsure
    ? 'The stop may not have arrived. If it is urgent, text STOP and a code.'
    : 'Nothing was severed by this.';
  return { ...failure, description: `${failure.description} ${then}` };
}
