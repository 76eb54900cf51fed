import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import { type GatewayFacts, inspectGateway } from '../../cutters/apisix/inspect';
import { within } from '../../queue/wait';
import { skewFinding } from '../checks/clock';
import { about, type Finding } from '../checks/finding';
import { adminFindings, clampFindings, nodeFindings } from '../checks/gateways';
import { routeFindings } from '../checks/scopes';
import type { Watcher } from './line';

/** Of one request, and of the whole look: several follow each other, over several pages of routes. Milliseconds. */
const REQUEST_MS = 2_000;
const LOOK_MS = 15_000;
/** Each look is a revision of etcd. Milliseconds. */
const EVERY_MS = 60_000;

export const adminPart = (gateway: string): string => `admin ${gateway}`;
export const clampPart = (gateway: string): string => `clamp ${gateway}`;
export const nodesPart = (gateway: string): string => `nodes ${gateway}`;
export const clockPart = (gateway: string): string => `clock ${gateway}`;
export const SCOPES = 'scopes';

export interface GatewaysOptions {
  readonly config: Pick<Config, 'gateways' | 'scopes'>;
  readonly now: Clock;
}

/** Each gateway as `pullcord check` sees it, and its Admin API written, too. */
export function watchGateways({ config: { gateways, scopes }, now }: GatewaysOptions): Watcher {
  const names = Object.keys(gateways);

  async function look(name: string): Promise<GatewayFacts | { readonly why: string }> {
    const config = gateways[name];
    if (!config) return { why: 'is not configured' };
    const bounded = { ...config, timeoutMs: Math.min(config.timeoutMs, REQUEST_MS) };
    try {
      const facts = inspectGateway({ name, config: bounded, scopes, now, touch: true });
      return await within(facts, LOOK_MS - 1_000, () => new Error(`no answer within ${LOOK_MS - 1_000} ms`));
    } catch (error) {
      return { why: error instanceof Error ? error.message : String(error) };
    }
  }

  return {
    parts: [
      ...names.flatMap((name) => [
        { name: adminPart(name), because: `cutter apisix ${name}` },
        { name: clampPart(name), because: adminPart(name) },
        { name: nodesPart(name) },
        { name: clockPart(name), because: adminPart(name) },
      ]),
      // Whatever keeps a gateway from being read is told already.
      { name: SCOPES, silence: 'supervisory' as const },
    ],
    everyMs: EVERY_MS,
    withinMs: LOOK_MS,
    look: async () => {
      const seen = await Promise.all(names.map(async (name) => [name, await look(name)] as const));
      const facts = seen.flatMap(([, one]) => ('why' in one ? [] : [one]));
      return {
        ...Object.assign({}, ...seen.map(([name, one]) => partsOf(name, one, gateways[name]?.method ?? 'auto'))),
        [SCOPES]: scopeFindings(Object.keys(scopes), facts, names.length),
      } as Record<string, readonly Finding[]>;
    },
  };
}

function partsOf(
  name: string,
  facts: GatewayFacts | { readonly why: string },
  method: 'auto' | 'clamp' | 'rewrite',
): Record<string, readonly Finding[]> {
  const { ok, doubt } = about(name);
  const unseen = (why: string): readonly Finding[] => [doubt(`could not be looked at: ${why}`, 'See the log.')];
  if ('why' in facts) {
    const all = [adminPart(name), clampPart(name), nodesPart(name), clockPart(name)];
    return Object.fromEntries(all.map((part) => [part, unseen(facts.why)]));
  }
  const { clamp, admin } = facts;
  const skew = admin.clockSkewSeconds;
  return {
    [adminPart(name)]: adminFindings(facts),
    [clampPart(name)]: clamp ? clampFindings(name, clamp, method, true) : unseen('the Admin API cannot be read'),
    [nodesPart(name)]: nodeFindings(facts),
    [clockPart(name)]:
      skew !== undefined
        ? [skewFinding(name, skew)]
        : admin.reads
          ? [ok('the Admin API tells no time')]
          : unseen('the Admin API cannot be read'),
  };
}

function scopeFindings(scopes: readonly string[], facts: readonly GatewayFacts[], gateways: number): Finding[] {
  const read = facts.filter(({ clamp }) => clamp !== undefined);
  const { ok, warning } = about(SCOPES);
  if (read.length === 0) return [warning('no gateway can be read', 'See what is wrong with the gateways.')];
  const found = scopes.flatMap((scope) => {
    const held = read.flatMap(({ gateway, scopes: all }) =>
      all.filter((one) => one.scope === scope).map((one) => ({ ...one, gateway })),
    );
    return routeFindings(scope, held, read.length === gateways).map((one) => ({
      ...one,
      what: `${scope} ${one.what}`,
    }));
  });
  const wrong = found.filter(({ level }) => level !== 'ok');
  return wrong.length > 0 ? wrong : [ok(`${scopes.length === 1 ? '1 scope' : `${scopes.length} scopes`} with routes`)];
}
