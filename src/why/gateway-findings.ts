import type { Finding } from './finding';
import type { GatewayLook } from './gateway';
import type { Peek } from './peek';
import { inWords, type Suspect } from './refusers';

/** These may be a refusal of the gateway, of its upstream, or only of a probe without credentials. */
const isDoubtful = ({ status = 0, type = '' }: Peek, takes: boolean): boolean =>
  [401, 403, 407, 429].includes(status) ||
  status >= 500 ||
  // APISIX's own is text (its "404 Route Not Found"); an API's is not.
  (status === 404 && !(takes && !type.startsWith('text/')));

/** What a gateway answered. Pure. Fails towards "unknown": only an answer that got through clears it. */
export function answered(look: GatewayLook, suspects: readonly Suspect[] = []): Finding {
  const about = { layer: 'gateway', name: look.gateway } as const;
  const evidence = { evidence: { seen: [...new Map(look.peeks.map((one) => [JSON.stringify(one), one])).values()] } };
  const [first] = look.peeks;
  if (!first) return { ...about, ...unasked(look) };
  const { asked } = first;
  const marked = look.peeks.filter((one) => one.marked);
  if (marked.length > 0) {
    const some = marked.length === look.peeks.length ? '' : ` on ${marked.length} of ${look.peeks.length} connections`;
    return {
      ...{ ...about, ...evidence, verdict: 'refuses', cut: true },
      text: `Answers ${asked} with Pullcord's own refusal (503, x-pullcord-severed)${some}.`,
      answer: `Pullcord refuses: gateway ${look.gateway} answers with its mark.`,
      todo: 'An operator gives it back: RESTORE, the scope and a fresh code.',
    };
  }
  const silent = look.peeks.find((one) => one.status === undefined);
  if (silent)
    return {
      ...{ ...about, ...evidence, verdict: 'unknown' },
      text: `${silent.at} does not answer: ${silent.why}.`,
      todo: `Look after the gateway at ${silent.at}: nobody gets an answer from it.`,
    };
  const takes = !look.taking || look.taking.routes.length > 0;
  const doubtful = look.peeks.find((one) => isDoubtful(one, takes));
  if (doubtful)
    return { ...about, ...evidence, verdict: 'unknown', text: `Answered ${asked} with ${inDoubt(doubtful, suspects)}` };
  const statuses = [...new Set(look.peeks.map(({ status }) => status))].join(', ');
  return { ...about, ...evidence, verdict: 'passes', text: `Lets ${asked} through (${statuses}).` };
}

function unasked({ taking, objects }: GatewayLook): Pick<Finding, 'verdict' | 'text' | 'todo'> {
  if (!('why' in objects) && taking?.routes.length === 0)
    return { verdict: 'skipped', text: 'Was not asked: none of its routes takes this.' };
  return {
    verdict: 'unknown',
    text: 'Was not asked: every request that its routes take might generate something.',
    todo: 'To have it asked, name a request that costs nothing in probes of the scope.',
  };
}

function inDoubt({ status = 0, upstream }: Peek, suspects: readonly Suspect[]): string {
  if (upstream !== undefined) return `${status}, which is its upstream's (X-APISIX-Upstream-Status ${upstream}).`;
  const able = suspects.filter(({ statuses }) => statuses.includes(status));
  const who =
    able.length > 0 ? `perhaps by ${inWords(able)}, perhaps its upstream` : 'which may be its own word or its upstream';
  const bare = status === 401 || status === 403 ? ': the probe bears no credentials' : '';
  return `${status} and without Pullcord's mark, ${who}${bare}.`;
}
