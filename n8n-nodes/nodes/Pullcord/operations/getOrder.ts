import { NodeOperationError } from 'n8n-workflow';
import { asError } from '../../shared/failure';
import { ask } from '../../shared/transport';
import type { Operation } from '../operation';
import { isSettled, missingOf } from '../order';
import { timeout, waitOf, waitUntilVerified } from '../parameters';
import { untilSettled } from '../waiting';

/** One order, and how it stands. */
export const getOrder: Operation = {
  option: {
    name: 'Get Order',
    value: 'getOrder',
    action: 'Get an order',
    description: 'One order, and whether it was seen to be carried out',
  },
  properties: [
    {
      displayName: 'Order Number',
      name: 'orderNumber',
      type: 'number',
      typeOptions: { minValue: 1 },
      default: 1,
      required: true,
      description: 'As Sever gives it, in the field number',
    },
    { ...waitUntilVerified, default: false },
    timeout(60),
  ],
  asTool: false,
  run: async (context, item) => {
    const number = Number(context.getNodeParameter('orderNumber', item, 0));
    if (!Number.isSafeInteger(number) || number < 1)
      throw new NodeOperationError(context.getNode(), 'The order number is not a whole number from 1 on', {
        itemIndex: item,
        description: 'Put in the field number of an order, for example the one that Sever gave.',
      });
    const seconds = waitOf(context, item, false);
    const path = `/api/v1/orders/${number}`;
    const answer = await untilSettled({
      ...{ seconds, isSettled },
      ask: (waitSeconds) => ask(context, { method: 'GET', path, right: 'status', expects: 'state', waitSeconds }),
    });
    if (!answer.ok) {
      const { failure } = answer;
      const missing = failure.reason === 'not-found' ? { message: `Pullcord has no order ${number}` } : {};
      throw asError(context.getNode(), { ...failure, ...missing }, item);
    }
    const outcome = answer.body;
    if (seconds === 0 || isSettled(outcome)) return [outcome];
    const failure = {
      message: `Order ${number} was not seen to be carried out within ${seconds} s`,
      description: `Missing: ${missingOf(outcome)}. Pullcord keeps trying and looking.`,
      reason: 'not-seen',
      facts: { order: number, scope: outcome.scope, state: outcome.state, missing: outcome.missing },
    };
    throw asError(context.getNode(), failure, item);
  },
};
