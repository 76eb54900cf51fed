import type { IncomingHttpHeaders } from 'node:http';
import type { Refusal } from '../../orders/reasons';

/** What the page sends with all that it asks. A foreign page would have to be let first (Fetch, CORS preflight): it isn't. */
export const PAGE_HEADER = 'x-pullcord-console';

interface Sent {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Whether a request that a browser's cookie speaks for comes from our own page (OWASP CSRF Prevention Cheat Sheet:
 * custom header, Fetch Metadata, origin; beside SameSite). Fails towards "no": one sign of a foreign page is enough.
 * @param origin of the page, where it is configured: a proxy may hand on another Host.
 */
export function fromThePage({ method, headers }: Sent, origin: string | undefined): Refusal | undefined {
  const site = headers['sec-fetch-site'];
  const reads = method === 'GET' || method === 'HEAD';
  // `none`: the person typed the address.
  if (site !== undefined && site !== 'same-origin' && !(reads && site === 'none')) return { refused: 'cross-site' };
  if (headers.origin !== undefined && !isOwn(headers.origin, headers.host, origin)) return { refused: 'cross-site' };
  if (reads) return undefined;
  if (headers[PAGE_HEADER] !== '1') return { refused: 'cross-site', detail: `Send the header ${PAGE_HEADER}: 1.` };
  const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
  return hasBody && !isJson(headers) ? { refused: 'wrong-media-type' } : undefined;
}

export const isJson = (headers: IncomingHttpHeaders): boolean =>
  /^application\/json *(;|$)/i.test(headers['content-type'] ?? '');

/** A browser says truly where it connects to: a foreign page is never at the host that it asks. */
function isOwn(sent: string, host: string | undefined, origin: string | undefined): boolean {
  if (sent === origin) return true;
  return URL.canParse(sent) && host !== undefined && new URL(sent).host === host.toLowerCase();
}
