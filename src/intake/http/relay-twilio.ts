import type { Relay } from '../sms/relay';
import type { Operations } from './operations';
import type { Handler } from './router';

/** Text messages by way of a program. A token that only relays is not told how things stand, not even by an answer. */
export function relayTwilio(relay: Relay | undefined): Handler<Operations['relayTwilio']> {
  return async ({ body, bearer, correlation }) => {
    if (!relay) return { refused: 'not-found', detail: 'No text messages are configured: see sms.twilio.' };
    const { url, signature, params: form } = body;
    const relayed = await relay({ url, signature, form, token: bearer.name, correlation });
    if ('refused' in relayed) return relayed;
    const { text, ...rest } = relayed.receipt;
    const shown = text !== undefined && bearer.rights.includes('status');
    return { status: 200, body: shown ? { ...rest, text } : rest };
  };
}
