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
  const marked = look.peeks.filter((one) => one.marked);
  if (marked[0]) {
    const [{ asked }] = marked;
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
  const own = look.peeks.find(({ status }) => status === 404);
  if (own && look.taking && !takes)
    return {
      ...about,
      ...evidence,
      verdict: 'refuses',
      text: `Answers ${own.asked} with 404, as where no route takes it.`,
    };
  const doubtful = look.peeks.find((one) => isDoubtful(one, takes));
  if (doubtful) return { ...about, ...evidence, verdict: 'unknown', heard: true, ...inDoubt(doubtful, suspects) };
  const statuses = [...new Set(look.peeks.map(({ status }) => status))].join(', ');
  return { ...about, ...evidence, verdict: 'passes', heard: true, text: `Lets ${first.asked} through (${statuses}).` };
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

function inDoubt({ asked, status = 0, upstream }: Peek, suspects: readonly Suspect[]): Pick<Finding, 'text' | 'todo'> {
  const answered = `Answered ${asked} with ${status}`;
  if (upstream !== undefined)
    return {
      text: `${answered}, which comes from its upstream (X-APISIX-Upstream-Status ${upstream}).`,
      todo: 'Look after the upstream: it fails, or cannot be reached from the gateway.',
    };
  const able = suspects.filter(({ statuses }) => statuses.includes(status));
  const bare = status === 401 || status === 403 ? ': the probe bears no credentials' : '';
  if (able.length === 0)
    return {
      text: `${answered} and without Pullcord's mark, which may be its own word or its upstream's${bare}.`,
      todo: "Look into the gateway's error log, and into the upstream's.",
    };
  const names = able.map(({ plugin }) => plugin).join(', ');
  return {
    text: `${answered} and without Pullcord's mark, perhaps by ${inWords(able)}, perhaps its upstream${bare}.`,
    todo: `Look at ${names} in APISIX: whether it lets this client, this address or this many requests pass.`,
  };
}
