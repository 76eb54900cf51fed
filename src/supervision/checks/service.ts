import axios from 'axios';
import { components } from '../../intake/http/schemas';
import type { Readiness } from '../readiness';
import type { Check } from './context';
import { about } from './finding';

/** The Pullcord at `listen.internal`. */
export type Service =
  | { readonly kind: 'serves'; readonly url: string; readonly readiness: Pick<Readiness, 'state' | 'parts'> }
  /** Nothing listens there. */
  | { readonly kind: 'away'; readonly url: string }
  /** Something does, and it does not answer as Pullcord does. */
  | { readonly kind: 'strange'; readonly url: string; readonly how: string };

const TIMEOUT_MS = 2_000;

/** @param url of the internal listener, without a slash at its end. */
export async function findService(url: string): Promise<Service> {
  try {
    const { status, data } = await axios.get<unknown>(`${url}/readyz`, {
      ...{ timeout: TIMEOUT_MS, signal: AbortSignal.timeout(TIMEOUT_MS), proxy: false, maxRedirects: 0 },
      validateStatus: () => true,
    });
    const parsed = components.Readiness.safeParse(data);
    if (parsed.success) return { kind: 'serves', url, readiness: parsed.data };
    return { kind: 'strange', url, how: `answers /readyz with ${status}` };
  } catch (error) {
    const code = axios.isAxiosError(error) ? (error.code ?? 'no answer') : 'no answer';
    if (code === 'ECONNREFUSED') return { kind: 'away', url };
    const late = code === 'ERR_CANCELED' || code === 'ECONNABORTED';
    return { kind: 'strange', url, how: late ? `is silent for ${TIMEOUT_MS} ms` : `breaks off (${code})` };
  }
}

/** Address and port under which a listener is reached from its own machine: one of every interface over loopback. */
export const reachable = (listen: string): string =>
  listen.replace(/^0\.0\.0\.0(?=:)/, '127.0.0.1').replace(/^\[::\](?=:)/, '[::1]');

/** Whether Pullcord serves, and what it says of itself. */
export const checkService: Check = async ({ service }) => {
  const { ok, warning, fault } = about('service');
  const found = await service();
  if (found.kind === 'away')
    return [warning(`Pullcord does not serve at ${found.url}`, 'Start it, then check again: pullcord serve')];
  if (found.kind === 'strange')
    return [
      fault(
        `what is at ${found.url} does not answer as Pullcord does: it ${found.how}`,
        'Find out what listens there; restart Pullcord if it hangs, or change listen.internal.',
      ),
    ];
  const { state, parts } = found.readiness;
  if (state === 'armed') return [ok(`serves at ${found.url}, armed`)];
  const wrong = parts.filter((part) => !part.ok).map(({ name, detail }) => `${name}: ${detail}`);
  const what = `serves at ${found.url}, ${state}: ${wrong.join('; ')}`;
  const advice = 'Mend what is named; Pullcord notices by itself.';
  return [state === 'disarmed' ? fault(what, advice) : warning(what, advice)];
};
