import axios from 'axios';
import { z } from 'zod';
import type { FallbackConfig } from '../config/fallback';
import { withDeadline } from '../cutters/deadline';
import type { ControlApi } from './control';

/** What one look at the primary showed. Neither a failure nor a success: nothing was seen. */
export interface Glimpse {
  readonly failures: number;
  readonly successes: number;
  /** In words, of what failed: for the person who is asked. */
  readonly why?: string;
}

const NOTHING: Glimpse = { failures: 0, successes: 0 };
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

const checked = z.object({
  nodes: z.array(
    z.object({
      hostname: z.string().optional(),
      ip: z.string().optional(),
      port: z.int(),
      status: z.string(),
    }),
  ),
});

/**
 * What the gateways' own health checks say of the primary's nodes. They begin with the first traffic, and not at all
 * where none are configured: that is nothing seen, and no success. Any node of the gateway that finds the primary
 * unhealthy counts.
 */
export async function askGateway(config: FallbackConfig, control: ControlApi, closing: AbortSignal): Promise<Glimpse> {
  if (config.upstream === undefined) return NOTHING;
  const answers = await control.raw(`healthcheck/upstreams/${encodeURIComponent(config.upstream)}`, closing);
  const nodes = answers.flatMap(({ body }) => {
    const read = checked.safeParse(body);
    return read.success ? read.data.nodes : [];
  });
  const own = nodes.filter(({ hostname, ip, port }) =>
    [hostname, ip].some((host) => host !== undefined && config.primary.includes(`${host}:${port}`)),
  );
  if (own.length === 0) return NOTHING;
  const sick = own.filter(({ status }) => status === 'unhealthy');
  const well = own.filter(({ status }) => status === 'healthy');
  if (sick.length > 0)
    return { failures: 1, successes: 0, why: `the gateway finds ${sick[0]?.hostname ?? sick[0]?.ip} unhealthy` };
  return well.length === own.length ? { failures: 0, successes: 1 } : NOTHING;
}

/** Both together: what failed for one of them is a failure. */
export const together = (looks: readonly Glimpse[]): Glimpse => {
  const failed = looks.find(({ failures }) => failures > 0);
  return failed ?? looks.find(({ successes }) => successes > 0) ?? NOTHING;
};
