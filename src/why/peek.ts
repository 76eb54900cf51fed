import { readFileSync } from 'node:fs';
import { freshRequest } from '../cutters/apisix/fresh-request';
import type { ProbeTarget } from '../cutters/apisix/probe-plan';
import { MARK, REFUSED_STATUS } from '../cutters/apisix/refusal';

/** What one fresh connection to a gateway saw. */
export interface Peek {
  /** The gateway's address, without a path. */
  readonly at: string;
  /** The method and the path that were asked. */
  readonly asked: string;
  /** Undefined when no answer came. */
  readonly status?: number;
  /** Whether the answer bears Pullcord's mark. */
  readonly marked?: boolean;
  readonly server?: string;
  /** The type of the body that HEAD leaves out. */
  readonly type?: string;
  /** APISIX's own word that the answer is its upstream's (`X-APISIX-Upstream-Status`; with 5xx alone). */
  readonly upstream?: string;
  /** Why no answer came. */
  readonly why?: string;
}

export interface PeekOptions {
  readonly gatewayUrls: readonly string[];
  readonly caFile?: string | undefined;
  /** Milliseconds. */
  readonly timeoutMs: number;
}

const SAFE: readonly string[] = ['HEAD', 'OPTIONS'];

/**
 * Asks every gateway once for each target, over a connection of its own, following nothing, reading no body. Never
 * throws. Fails towards asking nothing: a route that is live hands the request on to its upstream, so of what was not
 * configured as a probe only HEAD and OPTIONS are sent, which generate nothing.
 */
export async function peek(
  { gatewayUrls, caFile, timeoutMs }: PeekOptions,
  targets: readonly ProbeTarget[],
): Promise<readonly Peek[]> {
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile) };
  const safe = targets.filter(({ method, route }) => SAFE.includes(method) || route === undefined);
  return Promise.all(gatewayUrls.flatMap((url) => safe.map((target) => one(url, target, timeoutMs, ca))));
}

function one(url: string, target: ProbeTarget, timeoutMs: number, ca: { readonly ca?: Buffer }): Promise<Peek> {
  const about = { at: new URL(url).origin, asked: `${target.method} ${target.path}` };
  return new Promise((resolve) => {
    const end = (seen: Omit<Peek, 'at' | 'asked'>): void => {
      clearTimeout(timer);
      sent.destroy();
      resolve({ ...about, ...seen });
    };
    const sent = freshRequest(url, target, 'pullcord-why', ca);
    const timer = setTimeout(() => end({ why: `no answer within ${timeoutMs} ms` }), timeoutMs);
    sent.on('response', ({ statusCode: status = 0, headers }) => {
      const { server } = headers;
      const upstream = headers['x-apisix-upstream-status'];
      end({
        status,
        marked: status === REFUSED_STATUS && headers[MARK] !== undefined,
        ...(typeof server === 'string' ? { server } : {}),
        ...(headers['content-type'] === undefined ? {} : { type: headers['content-type'] }),
        ...(typeof upstream === 'string' ? { upstream } : {}),
      });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => end({ why: error.code ?? error.message }));
    sent.end();
  });
}
