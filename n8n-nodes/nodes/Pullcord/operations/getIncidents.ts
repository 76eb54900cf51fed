import type { IDataObject } from 'n8n-workflow';
import { asError } from '../../shared/failure';
import { ask } from '../../shared/transport';
import type { Operation } from '../operation';
import { limitOf } from '../parameters';

/** One item an incident: all that happened between a sever and its restore. */
export const getIncidents: Operation = {
  option: {
    name: 'List Incidents',
    value: 'getIncidents',
    action: 'List incidents',
    description: 'The newest incidents, from a sever to its restore',
  },
  properties: [
    {
      displayName: 'Limit',
      name: 'limit',
      type: 'number',
      typeOptions: { minValue: 1, maxValue: 200 },
      default: 50,
      description: 'Max number of results to return',
    },
  ],
  asTool: false,
  run: async (context, item) => {
    const query = { limit: limitOf(context, item, 50) };
    const answer = await ask(context, {
      method: 'GET',
      path: '/api/v1/incidents',
      query,
      right: 'status',
      expects: 'incidents',
    });
    if (!answer.ok) throw asError(context.getNode(), answer.failure, item);
    return answer.body.incidents as IDataObject[];
  },
};
