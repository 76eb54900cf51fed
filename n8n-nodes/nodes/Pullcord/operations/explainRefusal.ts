import { createHash } from 'node:crypto';
import { NodeOperationError } from 'n8n-workflow';
import { asError } from '../../shared/failure';
import { ask } from '../../shared/transport';
import type { Operation } from '../operation';
import { textOf } from '../parameters';

/** Who refuses a path, a key, a request or a scope, and what would change it: the whole answer as one item. */
export const explainRefusal: Operation = {
  option: {
    name: 'Explain a Refusal',
    value: 'explainRefusal',
    action: 'Explain a refusal',
    description: 'Who refuses a path, a LiteLLM key, a request or a scope, and what would change it',
  },
  properties: [
    {
      displayName: 'Subject',
      name: 'subject',
      type: 'string',
      default: '',
      required: true,
      placeholder: 'e.g. POST https://llm.example.org/v1/chat/completions',
      description: 'A path, a LiteLLM key or its alias, a request ID, or a scope. A key is hashed before it is sent.',
    },
  ],
  asTool: false,
  run: async (context, item) => {
    const told = textOf(context, 'subject', item);
    if (told === '')
      throw new NodeOperationError(context.getNode(), 'There is no subject', {
        itemIndex: item,
        description: 'Put in a path, a LiteLLM key or its alias, a request ID, or a scope.',
      });
    const query = { subject: harmless(told) };
    const answer = await ask(context, { method: 'GET', path: '/api/v1/why', query, right: 'status', expects: 'findings' });
    if (answer.ok) return [answer.body];
    throw asError(context.getNode(), answer.failure, item);
  },
};

/** A key goes as its SHA-256, which is LiteLLM's own name for it; a path without its query, which may hold one. */
const harmless = (told: string): string =>
  /^sk-\S+$/.test(told) ? createHash('sha256').update(told).digest('hex') : (told.split(/[?#]/)[0] ?? '');
