import type { IDataObject } from 'n8n-workflow';
import { asError } from '../../shared/failure';
import { ask } from '../../shared/transport';
import type { Operation } from '../operation';

/** One item a fallback: how it stands, and what the gateways were seen to do. */
export const getFallbacks: Operation = {
  option: {
    name: 'Get Fallbacks',
    value: 'getFallbacks',
    action: 'Get the fallbacks',
    description: 'How every fallback stands: primary, asked, fallback or forbidden, and until when',
  },
  properties: [],
  asTool: false,
  run: async (context, item) => {
    const request = { method: 'GET', path: '/api/v1/fallbacks', right: 'status', expects: 'fallbacks' } as const;
    const answer = await ask(context, request);
    if (!answer.ok) throw asError(context.getNode(), answer.failure, item);
    return answer.body.fallbacks as IDataObject[];
  },
};
