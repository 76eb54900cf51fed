import type { Sight } from '../cutter';
import type { Seen } from './probe';

export interface Judgement {
  readonly sight: Sight;
  readonly missing: readonly string[];
}

/** Law 5, seen and not assumed: what is wanted is seen only when every connection to every gateway saw it. */
export function judge(scope: string, wanted: 'refused' | 'served', seen: readonly Seen[]): Judgement {
  if (seen.length > 0 && seen.every(({ glimpse }) => glimpse === wanted)) return { sight: wanted, missing: [] };
  const urls = [...new Set(seen.map(({ url }) => url))];
  return {
    sight: 'unseen',
    missing: urls.flatMap((url) =>
      inWords(
        scope,
        wanted,
        seen.filter((one) => one.url === url),
      ),
    ),
  };
}

function inWords(scope: string, wanted: 'refused' | 'served', seen: readonly Seen[]): string[] {
  const [first] = seen;
  if (!first) return [];
  const gateway = `gateway ${new URL(first.url).origin}`;
  const silent = seen.filter(({ glimpse }) => glimpse === 'silent');
  const [quiet] = silent;
  if (quiet && silent.length === seen.length) return [`${gateway} does not answer: ${quiet.detail}`];
  const contrary = seen.find(({ glimpse }) => glimpse !== wanted && glimpse !== 'silent');
  const { method, path } = (contrary ?? first).target;
  if (contrary && wanted === 'refused')
    return [`${gateway} still serves ${scope}: ${method} ${path} answered ${contrary.detail}`];
  if (contrary) return [`${gateway} still refuses ${scope}: ${method} ${path}`];
  return quiet ? [`${gateway} left ${silent.length} of ${seen.length} probes of ${scope} without an answer`] : [];
}
