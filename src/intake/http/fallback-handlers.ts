import type { z } from 'zod';
import type { FallbackNow, FallbacksService, FallbackWish } from '../../fallback';
import type { Proof } from '../../orders/desk';
import type { Refusal } from '../../orders/reasons';
import type { fallback } from './fallback-schema';
import type { Handlers } from './router';

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

    decideFallback: async ({ params: { name }, body, headers, query: { wait = 0 }, token, correlation }) => {
      if (!fallbacks) return { refused: 'no-fallback' };
      const proof = proofOf(body, token);
      if ('refused' in proof) return proof;
      const wish: FallbackWish = {
        key: `api:${token.name}:${headers['idempotency-key'] ?? randomId()}`,
        ...{ fallback: name, wish: body.wish, source: 'api', correlation },
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

/** Law 3: a token alone never permits; it gets no further than this, and the service would refuse it as well. */
function proofOf(
  { wish, operator, code }: Decision,
  token: { readonly name: string; readonly rights: Extract<Proof, { kind: 'token' }>['rights'] },
): Proof | Refusal {
  if (operator !== undefined)
    return code === undefined ? { refused: 'code-missing' } : { kind: 'operator', operator, code };
  if (wish === 'fallback') return { refused: 'not-restorable-by-token' };
  if (!token.rights.includes('stop')) return { refused: 'no-right', detail: 'The token needs the right stop.' };
  return { kind: 'token', token: token.name, rights: token.rights };
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
