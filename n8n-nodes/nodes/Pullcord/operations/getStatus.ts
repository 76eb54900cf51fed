import { asError } from '../../shared/failure';
import { ask } from '../../shared/transport';
import type { Operation } from '../operation';

/** Whether the switch would work now, and how every scope stands. */
export const getStatus: Operation = {
  option: {
    name: 'Get Status',
    value: 'getStatus',
    action: 'Get the status of the kill switch',
    description: 'Whether a stop would work now, and which scopes are live or severed',
  },
  properties: [],
  asTool: true,
  run: async (context, item) => {
    // 503 is an answer too: it says that the switch is disarmed, and why.
    const ready = await ask(context, { method: 'GET', path: '/readyz', alsoGood: 503, expects: 'state' });
    if (!ready.ok) throw asError(context.getNode(), ready.failure, item);
    const latches = await ask(context, { method: 'GET', path: '/api/v1/scopes', right: 'status', expects: 'scopes' });
    if (!latches.ok) throw asError(context.getNode(), latches.failure, item);
    const { state, parts } = ready.body;
    return [{ state, parts, scopes: latches.body.scopes }];
  },
};
