import { parse } from 'node:querystring';
import { type Answered, openDoor } from './http';
import { type DoorSetup, formOf, type Door as SmsDoor, sign, startDoor } from './sms-door';

export const RELAY_URL = 'https://n8n.example.org/webhook/0f8a-sms';
export const OTHER_URL = 'https://n8n.example.org/webhook/other';

export type Fields = Readonly<Record<string, string | string[]>>;

/** What n8n makes of a form, and what its HTTP Request node makes of that. */
export const paramsOf = (form: string): unknown => JSON.parse(JSON.stringify(parse(form)));

export interface Sent {
  readonly token?: string;
  readonly url?: unknown;
  readonly signature?: unknown;
  readonly params?: unknown;
  readonly signal?: AbortSignal;
}

export interface RelayDoor extends SmsDoor {
  /** Hands on what Twilio would have signed for n8n's webhook. */
  relayed(fields: Fields, sent?: Sent): Promise<Answered>;
  call: Awaited<ReturnType<typeof openDoor>>['call'];
  /** Lines of the internal listener's log. */
  readonly logged: readonly string[];
}

/** Both doors for text messages, on real listeners, before one conversation. */
export async function startRelayDoor(setup: DoorSetup = {}): Promise<RelayDoor> {
  const sms = await startDoor({ ...setup, twilio: { relayUrls: [OTHER_URL, RELAY_URL], ...setup.twilio } });
  const api = await openDoor({ desk: sms.desk, relay: sms.relay });
  return {
    ...sms,
    call: api.call,
    logged: api.logged,
    relayed: (fields, { token = 'relayer', url = RELAY_URL, params = paramsOf(formOf(fields)), ...sent } = {}) =>
      api.call('POST', '/api/v1/relay/twilio', {
        token,
        body: { url, signature: 'signature' in sent ? sent.signature : sign(fields, RELAY_URL), params },
        ...(sent.signal ? { signal: sent.signal } : {}),
      }),
    close: async () => {
      await Promise.all([sms.close(), api.listener.close(100)]);
    },
  };
}
