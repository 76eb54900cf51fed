import { components, type ReadinessAnswer } from '../../intake/http/schemas';

import { ask } from './ask';

/** The Pullcord at `listen.internal`. */
export type Service =
  | { readonly kind: 'serves'; readonly url: string; readonly readiness: Pick<ReadinessAnswer, 'state' | 'parts'> }
  /** Nothing listens there. */
  | { readonly kind: 'away'; readonly url: string }
  /** Something does, and it does not answer as Pullcord does. */
  | { readonly kind: 'strange'; readonly url: string; readonly how: string };

const TIMEOUT_MS = 2_000;

/** @param url of the internal listener, without a slash at its end. */
export async function findService(url: string): Promise<Service> {
  const came = await ask(TIMEOUT_MS, { url: `${url}/readyz` });
  if ('code' in came)
    return came.code === 'ECONNREFUSED' ? { kind: 'away', url } : { kind: 'strange', url, how: `fails (${came.code})` };
  const parsed = components.Readiness.safeParse(came.data);
  if (parsed.success) return { kind: 'serves', url, readiness: parsed.data };
  return { kind: 'strange', url, how: `answers /readyz with ${came.status}` };
}

/** Address and port under which a listener is reached from its own machine: one of every interface over loopback. */
export const reachable = (listen: string): string =>
  listen.replace(/^0\.0\.0\.0(?=:)/, '127.0.0.1').replace(/^\[::\](?=:)/, '[::1]');
