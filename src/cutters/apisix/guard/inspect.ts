import type { Clock } from '../../../clock';
import type { GatewayConfig } from '../../../config/schema';
import { createGuardApi, GuardError, type GuardState } from './api';

/** What one guard says of itself, or why it says nothing. */
export type GuardFacts =
  | { readonly url: string; readonly state: GuardState }
  /** Without the secret. */
  | { readonly url: string; readonly why: string };

/** Asks every guard how it is. Changes nothing. Never throws for a failing guard. */
export async function inspectGuards(
  { guard, timeoutMs, caFile }: Pick<GatewayConfig, 'guard' | 'timeoutMs' | 'caFile'>,
  now: Clock,
): Promise<readonly GuardFacts[]> {
  if (!guard) return [];
  return Promise.all(
    guard.controlUrls.map(async (controlUrl): Promise<GuardFacts> => {
      const api = createGuardApi({ controlUrl, secret: guard.secret, timeoutMs, caFile, now });
      try {
        return { url: api.url, state: await api.state(new AbortController().signal) };
      } catch (error) {
        if (!(error instanceof GuardError)) throw error;
        return { url: api.url, why: error.message };
      } finally {
        api.close();
      }
    }),
  );
}
