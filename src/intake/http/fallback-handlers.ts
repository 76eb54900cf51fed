import type { z } from 'zod';
import type { FallbackNow, FallbacksService, FallbackWish } from '../../fallback';
import type { Proof } from '../../orders/desk';
import type { Refusal } from '../../orders/reasons';
import type { Bearer } from './bearer';
import type { fallback } from './fallback-schema';
import type { Handlers } from './router';
import { stopProofOf } from './stop-proof';

export interface FallbackHandlersOptions {
  /** Undefined where none is configured. */
  readonly fallbacks?: Pick<FallbacksService, 'order' | 'all' | 'seen'> | undefined;
  readonly randomId: () => string;
}

const SECOND_MS = 1_000;

/** Fallbacks by HTTP: looked at, permitted and taken back. A token takes back; to permit takes an operator and a code. */
export function fallbackHandlers({
  fallbacks,
  randomId,
}: FallbackHandlersOptions): Pick<Handlers, 'listFallbacks' | 'decideFallback'> {
  return {
    listFallbacks: async () => ({ status: 200, body: { fallbacks: (fallbacks?.all() ?? []).map(shown) } }),

    decideFallback: async ({ params: { name }, body, headers, query: { wait = 0 }, bearer, correlation }) => {
      if (!fallbacks) return { refused: 'no-fallback' };
      const proof = proofOf(body, bearer);
      if ('refused' in proof) return proof;
      const wish: FallbackWish = {
        key: bearer.keys + (headers['idempotency-key'] ?? randomId()),
        ...{ fallback: name, wish: body.wish, source: bearer.source, correlation },
        ...(body.reason === undefined ? {} : { reason: body.reason }),
      };
      const receipt = await fallbacks.order(wish, proof);
      if (receipt.kind === 'refused') return receipt;
      const order = receipt.kind === 'decided' ? receipt.permit.order : receipt.order;
      await fallbacks.seen(name, order, wait * SECOND_MS);
      const now = fallbacks.all().find((one) => one.name === name);
      return now ? { status: 200, body: shown(now) } : { refused: 'no-fallback' };
    },
  };
}

interface Decision {
  readonly wish: 'fallback' | 'primary';
  readonly operator?: string | undefined;
  readonly code?: string | undefined;
}

/** Law 3: no token or session alone permits; it gets no further than this, and the service would refuse it as well. */
function proofOf({ wish, operator, code }: Decision, bearer: Bearer): Proof | Refusal {
  if (operator !== undefined)
    return code === undefined ? { refused: 'code-missing' } : { kind: 'operator', operator, code };
  if (wish === 'fallback') return { refused: `not-restorable-by-${bearer.kind}` };
  return stopProofOf(bearer);
}

const time = (epochMs: number): string => new Date(epochMs).toISOString();

function shown({
  name,
  state,
  seen,
  missing,
  order,
  since,
  permit,
  forbiddenBy,
}: FallbackNow): z.input<typeof fallback> {
  return {
    ...{ name, state, seen, missing: [...missing], order, forbiddenBy: [...forbiddenBy] },
    ...(order > 0 ? { since: time(since) } : {}),
    ...(state === 'fallback' && permit?.until !== undefined ? { until: time(permit.until) } : {}),
    ...(permit ? { by: permit.by, why: permit.why } : {}),
  };
}
