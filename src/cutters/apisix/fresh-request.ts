import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ProbeTarget } from './probe-plan';

/**
 * A request to a gateway over a connection of its own, so that another worker may answer. It is not ended yet.
 * @param ca a certificate authority of one's own, for https.
 */
export function freshRequest(
  url: string,
  { method, path, host, headers }: ProbeTarget,
  userAgent: string,
  ca: { readonly ca?: Buffer },
): ClientRequest {
  const to = new URL(url);
  return (to.protocol === 'https:' ? httpsRequest : httpRequest)({
    hostname: to.hostname.replace(/^\[|\]$/g, ''),
    port: to.port,
    path: `${to.pathname.replace(/\/$/, '')}${path}`,
    method,
    agent: false,
    headers: { 'user-agent': userAgent, host: host ?? to.host, ...headers },
    ...ca,
  });
}
