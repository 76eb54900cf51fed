import axios from 'axios';
import type { Clock } from '../clock';
import { jsonLine, printable } from '../printable';
import { SIGNATURE_HEADER, signature } from '../signature';
import type { Channel, Told } from './channel';

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;

export interface WebhookOptions {
  readonly url: string;
  readonly secret?: string | undefined;
  readonly now: Clock;
  /** Bound of one call, all in all. Milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * POSTs notices as JSON, `at` as ISO 8601. Follows no redirect and uses no proxy: a notice goes where it was configured
 * to go, or nowhere.
 */
export function createWebhook({ url, secret, now, timeoutMs = TIMEOUT_MS }: WebhookOptions): Channel {
  return {
    // The path may hold a secret, as n8n's and Slack's do.
    name: `webhook ${new URL(url).host}`,
    async tell({ sms: _forPhones, ...notice }) {
      const at = new Date(notice.at).toISOString();
      const body = jsonLine({ ...notice, text: printable(notice.text), at });
      const signed =
        secret === undefined ? {} : { [SIGNATURE_HEADER]: signature(secret, body, Math.floor(now() / 1000)) };
      try {
        const { status } = await axios.post(url, body, {
          headers: { 'Content-Type': 'application/json', ...signed },
          signal: AbortSignal.timeout(timeoutMs),
          proxy: false,
          maxRedirects: 0,
          maxContentLength: MAX_ANSWER_BYTES,
          responseType: 'text',
          validateStatus: () => true,
        });
        return toldBy(status);
      } catch {
        return 'retry';
      }
    },
  };
}

function toldBy(status: number): Told {
  if (status >= 200 && status < 300) return 'told';
  return status >= 500 || status === 408 || status === 429 ? 'retry' : 'failed';
}
