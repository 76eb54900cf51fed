import axios from 'axios';
import type { FallbackConfig } from '../config/fallback';
import type { Doc } from '../cutters/apisix/document';
import { withDeadline } from '../cutters/deadline';
import { subjectOf } from './configured';
import type { HealthApi } from './health';

/** What one look at the primary showed. Neither a failure nor a success: nothing was seen. */
export interface Glimpse {
  readonly failures: number;
  readonly successes: number;
  /** In words, of what failed: for the person who is asked. */
  readonly why?: string;
}

/** Nothing was seen: neither good nor bad. */
export const NOTHING: Glimpse = { failures: 0, successes: 0 };
const MOST_BYTES = 64 * 1024;

/**
 * Asks the primary itself, by an address that generates nothing. Everything but a 2xx in time is a failure, a redirect
 * too: it leads elsewhere.
 */
export async function askPrimary(
  { url, timeoutMs }: NonNullable<FallbackConfig['probe']>,
  closing: AbortSignal,
): Promise<Glimpse> {
  const { host } = new URL(url);
  try {
    const { status } = await withDeadline(timeoutMs, closing, (signal) =>
      axios.get<unknown>(url, {
        ...{ signal, proxy: false, maxRedirects: 0, maxContentLength: MOST_BYTES, validateStatus: () => true },
        headers: { Connection: 'close' },
      }),
    );
    return status >= 200 && status < 300
      ? { failures: 0, successes: 1 }
      : { failures: 1, successes: 0, why: `${host} answered ${status}` };
  } catch {
    if (closing.aborted) return NOTHING;
    return { failures: 1, successes: 0, why: `${host} does not answer` };
  }
}

/**
 * What the gateways' own health checks say of the primary: what one of them finds unhealthy has failed. They begin with
 * the first traffic, and not at all where none are configured: that is nothing seen, and no success.
 * @param object as it last was at the Admin API.
 */
export async function askGateway(
  config: FallbackConfig,
  object: Doc | undefined,
  health: HealthApi,
  closing: AbortSignal,
): Promise<Glimpse> {
  if (config.upstream === undefined || object?.checks === undefined) return NOTHING;
  const { nodes } = await health.look(subjectOf(config), object, closing);
  const own = nodes.filter(({ name }) => config.primary.includes(name));
  const sick = own.find((node) => node.health === 'unhealthy');
  if (sick) return { failures: 1, successes: 0, why: `the gateway finds ${sick.name} unhealthy` };
  const well = own.length > 0 && own.every((node) => node.health === 'healthy');
  return well ? { failures: 0, successes: 1 } : NOTHING;
}

/** All of them together: what failed for one of them has failed, and counts once for each call, not for each eye. */
export function together(looks: readonly Glimpse[]): Glimpse {
  const failures = Math.max(0, ...looks.map((look) => look.failures));
  const successes = Math.max(0, ...looks.map((look) => look.successes));
  const why = looks.find((look) => look.failures > 0)?.why;
  return { failures, successes, ...(why === undefined ? {} : { why }) };
}
