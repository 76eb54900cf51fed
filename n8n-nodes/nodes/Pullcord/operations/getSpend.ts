import { asError } from '../../shared/failure';
import { ask } from '../../shared/transport';
import type { Operation } from '../operation';
import { limitOf } from '../parameters';

/** What every key, team and model spends, as the tripwire sees it: the whole answer as one item. */
export const getSpend: Operation = {
  option: {
    name: 'Get Spend',
    value: 'getSpend',
    action: 'Get the spend',
    description: 'What every key, team and model spends, as the tripwire sees it',
  },
  properties: [
    {
      displayName: 'Limit',
      name: 'limit',
      type: 'number',
      typeOptions: { minValue: 1, maxValue: 1000 },
      default: 50,
      description: 'Max number of results to return',
    },
  ],
  asTool: false,
  run: async (context, item) => {
    const query = { limit: limitOf(context, item, 50) };
    const answer = await ask(context, {
      method: 'GET',
      path: '/api/v1/spend',
      query,
      right: 'status',
      expects: 'subjects',
    });
    if (answer.ok) return [answer.body];
    const { failure } = answer;
    const words = 'Set up tripwire in pullcord.yaml, with the metrics of LiteLLM, to see what is spent.';
    throw asError(
      context.getNode(),
      failure.reason === 'not-found'
        ? { ...failure, message: 'No tripwire is configured: nobody counts the spend', description: words }
        : failure,
      item,
    );
  },
};
