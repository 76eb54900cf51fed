import type { GatewayConfig } from '../config/schema';
import type { LinePart } from './line/part';

/** What still works of the switch, as far as the line shows it. Pure. */
export interface Standing {
  /** `armed`: all works. `degraded`: a stop still cuts everywhere. `disarmed`: it would not, or nobody could order it. */
  readonly state: 'armed' | 'degraded' | 'disarmed';
  /** What still works, and what does not, in whole sentences: of a stop, of a restore, of the ways to order them. */
  readonly works: readonly string[];
}

export interface StandingOptions {
  readonly parts: readonly LinePart[];
  /** By name. */
  readonly gateways: Readonly<Record<string, Pick<GatewayConfig, 'method' | 'guard'>>>;
  /** Required cutters beside the gateways: part names. */
  readonly required: readonly string[];
  /** Whether anybody, or any program, may stop. */
  readonly hasDoor: boolean;
}

/** Fails towards `disarmed`: a part that is not there is not well. */
export function standing({ parts, gateways, required, hasDoor }: StandingOptions): Standing {
  const broken = new Set(parts.filter(({ signal }) => signal === 'trouble').map(({ name }) => name));
  const known = new Set(parts.map(({ name }) => name));
  const well = (name: string): boolean => known.has(name) && !broken.has(name);

  const ways = Object.entries(gateways).map(([name, gateway]) => ({ name, ...wayTo(name, gateway, well) }));
  const uncut = [
    ...ways.filter(({ way }) => way === 'none').map(({ name }) => name),
    ...required.filter((cutter) => !well(cutter)).map((cutter) => cutter.replace(/^cutter /, '')),
  ];
  const disarmed = ways.length === 0 || uncut.length > 0 || !hasDoor;
  const state = disarmed ? 'disarmed' : broken.size === 0 ? 'armed' : 'degraded';
  return { state, works: [...stopWorks({ ways, uncut, hasDoor, well }), ...restoreWorks(broken), ...others(broken)] };
}

type Way = 'clamp' | 'rewrite' | 'guard' | 'none';

/** The best way that is left to cut at a gateway. */
function wayTo(
  name: string,
  { method, guard }: Pick<GatewayConfig, 'method' | 'guard'>,
  well: (part: string) => boolean,
): { readonly way: Way; readonly seen: boolean } {
  const seen = well(`nodes ${name}`);
  const writes = well(`cutter apisix ${name}`) && well(`admin ${name}`);
  if (writes && (method === 'rewrite' || well(`clamp ${name}`)))
    return { way: method === 'rewrite' ? 'rewrite' : 'clamp', seen };
  if (writes && method === 'auto') return { way: 'rewrite', seen };
  return { way: guard && well(`guard ${name}`) ? 'guard' : 'none', seen };
}

function stopWorks({
  ways,
  uncut,
  hasDoor,
  well,
}: {
  readonly ways: readonly { readonly name: string; readonly way: Way; readonly seen: boolean }[];
  readonly uncut: readonly string[];
  readonly hasDoor: boolean;
  readonly well: (part: string) => boolean;
}): string[] {
  if (!hasDoor) return ['STOP: nobody may order one.'];
  const names = (of: typeof ways): string => of.map(({ name }) => name).join(', ');
  const by = (way: Way): typeof ways => ways.filter((one) => one.way === way);
  const unseen = ways.filter(({ way, seen }) => way !== 'none' && !seen);
  const [rewritten, guarded, clamped] = [by('rewrite'), by('guard'), by('clamp')];
  const cuts = [...clamped, ...rewritten, ...guarded];
  return [
    ...(cuts.length > 0 ? [`STOP works at ${names(cuts)}.`] : []),
    ...(uncut.length > 0 ? [`STOP does not cut at ${uncut.join(', ')}.`] : []),
    ...(rewritten.length > 0
      ? [`At ${names(rewritten)} it rewrites the routes one by one, and streams that are open go on.`]
      : []),
    ...(guarded.length > 0 ? [`At ${names(guarded)} the guard alone cuts.`] : []),
    ...(unseen.length > 0 ? [`At ${names(unseen)} a node can't be seen: "severed" is not said until it is.`] : []),
    ...(well('ledger') ? [] : ['STOP goes on without the ledger; the record follows.']),
    ...(well('queue') ? [] : ['Orders go on without the queue; a reply may come late.']),
  ];
}

/** Law 4: what keeps a restore from being given. */
const RESTORE_NEEDS: readonly string[] = ['ledger', 'ledger writes', 'clock'];

function restoreWorks(broken: ReadonlySet<string>): string[] {
  const missing = [...broken].filter((name) => RESTORE_NEEDS.includes(name));
  if (missing.length > 0) return [`RESTORE refuses until this is mended: ${missing.join(', ')}.`];
  const gateways = [...broken].filter((name) => /^(cutter apisix|admin) /.test(name));
  if (gateways.length > 0) return ['RESTORE is taken, and carried out once the Admin API can be written.'];
  return broken.has('operators') ? ['RESTORE: see operators.'] : ['RESTORE works.'];
}

function others(broken: ReadonlySet<string>): string[] {
  return [
    ...(broken.has('sms') ? ['No text message is taken: order by pullcord sever, or the API.'] : []),
    ...(broken.has('twilio')
      ? ['Text messages may not arrive or be answered: order by pullcord sever, or the API.']
      : []),
    ...(broken.has('tripwire') ? ['Money may not pull the cord by itself: a person has to.'] : []),
  ];
}
