import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import { chooses } from '../cutters/apisix/match';
import { virtualKeys } from '../cutters/litellm/keys';
import { bounded } from '../ledger/bounded';
import { clamped, guarded, listed, rewritten } from './cut-findings';
import { explain, type Verdict } from './explain';
import { fallbacksOf, type StandingOf } from './fallback-findings';
import { type Finding, layers } from './finding';
import { type GatewayLook, type GatewayOptions, lookAtPath, lookAtScope } from './gateway';
import { answered } from './gateway-findings';
import { lookAtLedger, type Paper } from './ledger';
import { type Holding, latched, recorded } from './ledger-findings';
import { createKeyAsker } from './litellm';
import { routed, suspectsOf } from './route-findings';
import { type Asked, type NoSubject, type Subject, type SubjectKind, shown, subjectOf } from './subject';
import type { Served } from './taking';

export type { Paper } from './ledger';
export type { Subject, SubjectKind } from './subject';

export interface Explanation extends Verdict {
  /** As it was asked; of a key, its hash. */
  readonly subject: string;
  readonly kind: SubjectKind;
  readonly findings: readonly Finding[];
}

export interface Why {
  /**
   * Who refuses what this text names, and what would change it. Changes nothing, generates nothing, and is bounded in
   * time. Never throws for a part that fails.
   */
  ask(text: string, as?: SubjectKind): Promise<Explanation | NoSubject | 'busy'>;
}

export interface WhyOptions {
  readonly config: Pick<Config, 'gateways' | 'scopes' | 'fallbacks' | 'cutters' | 'tripwire'>;
  readonly paper: Paper;
  readonly standing: StandingOf;
  readonly now: Clock;
  /** Of each layer. Milliseconds. */
  readonly limitMs?: number;
}

const LIMIT_MS = 3_500;
/** Each asks every gateway: nobody may make Pullcord flood them. */
const AT_ONCE = 4;
/** Of a scope. */
const MOST_KEYS = 10;

export function createWhy(options: WhyOptions): Why {
  const { config, paper, standing, now, limitMs = LIMIT_MS } = options;
  const known = { scopes: Object.keys(config.scopes), keys: Object.keys(config.tripwire?.keys ?? {}) };
  const keys = createKeyAsker({ config, paper, now, limitMs });
  let under = 0;

  const gateways = (names = Object.keys(config.gateways)): GatewayOptions[] =>
    names.flatMap((name) => {
      const own = config.gateways[name];
      return own ? [{ name, config: own, scopes: config.scopes, now, limitMs }] : [];
    });
  const holders = (served: readonly Served[]): string[] =>
    known.scopes.filter((name) => served.some(({ route }) => chooses(scopeOf(name), route)));
  const scopeOf = (name: string): Config['scopes'][string] => config.scopes[name] as Config['scopes'][string];

  async function ofPath(asked: Asked): Promise<readonly Finding[]> {
    const [looks, ledger] = await Promise.all([
      Promise.all(gateways(reachedBy(config, asked)).map((one) => lookAtPath(one, asked))),
      lookAtLedger(paper, limitMs),
    ]);
    const taken = looks.some(({ taking }) => (taking?.routes.length ?? 0) > 0);
    const findings = looks.flatMap((look): Finding[] => {
      const { gateway, taking } = look;
      const routes = taking?.routes ?? [];
      const concerned = { routes, some: 'unknown' } as const;
      // Each gateway serves what it serves: what another one takes is not refused here.
      const isElsewhere = taken && taking !== undefined && routes.length === 0;
      const ways = [answered(look, suspectsOf(look)), routed(look, asked)];
      return [
        ...(isElsewhere ? ways.map((one): Finding => ({ ...bare(one), verdict: 'skipped' })) : ways),
        clamped(look, concerned, methodOf(gateway)),
        ...guarded(look, concerned, holders(routes).length > 0),
        ...fallbacksOf(look, routes, config, standing),
      ];
    });
    return [
      ...findings,
      { layer: 'litellm', verdict: 'skipped', text: 'No key was told: ask by the key, too.' },
      ...latched(ledger, holdingOf(looks, holders), now()),
    ];
  }

  async function ofScope(scope: string): Promise<readonly Finding[]> {
    const [looks, ledger, blocked] = await Promise.all([
      Promise.all(gateways().map((one) => lookAtScope(one, scopeOf(scope)))),
      lookAtLedger(paper, limitMs),
      keysOf(scope),
    ]);
    const findings = looks.flatMap((look): Finding[] => {
      const { gateway, objects } = look;
      const routes = 'why' in objects ? [] : objects.all.filter(({ route }) => chooses(scopeOf(scope), route));
      const concerned = { routes: routes.filter(({ route }) => !route.off), some: 'refuses' } as const;
      return [
        answered(look),
        rewritten(gateway, concerned) ?? heldRoutes(look, routes),
        clamped(look, concerned, methodOf(gateway)),
        ...guarded(look, concerned, true),
        ...fallbacksOf(look, routes, config, standing),
      ];
    });
    const holding = { scopes: new Set([scope]), marked: false, unknown: '' };
    return [...findings, ...blocked, ...latched(ledger, holding, now())];
  }

  async function keysOf(scope: string): Promise<readonly Finding[]> {
    const held = virtualKeys(config.cutters.litellm).filter(({ scopes }) => scopes.has(scope));
    if (held.length === 0) return [{ layer: 'litellm', verdict: 'skipped', text: 'No key belongs to it.' }];
    const found = await Promise.all(held.slice(0, MOST_KEYS).map(({ hash }) => keys.look(hash)));
    return found.flat();
  }

  async function ofKey(subject: Extract<Subject, { kind: 'key' }>): Promise<readonly Finding[]> {
    const found = await hashOf(subject);
    const ledger = lookAtLedger(paper, limitMs);
    if ('why' in found)
      return [
        { layer: 'gateway', verdict: 'skipped', text: NO_PATH },
        { layer: 'litellm', verdict: 'unknown', text: found.why, todo: ALIAS },
        ...latched(await ledger, { scopes: undefined, marked: false, unknown: PASSES }, now()),
      ];
    const scopes = heldBy(config, found.hash);
    const holding: Holding = { scopes: scopes.size > 0 ? scopes : undefined, marked: false, unknown: PASSES };
    return [
      { layer: 'gateway', verdict: 'skipped', text: NO_PATH },
      ...(await keys.look(found.hash)),
      ...latched(await ledger, holding, now()),
    ];
  }

  async function hashOf(subject: Extract<Subject, { kind: 'key' }>) {
    if ('hash' in subject) return subject;
    const configured = config.tripwire?.keys ?? {};
    const own = Object.hasOwn(configured, subject.alias) ? configured[subject.alias] : undefined;
    return own ? { hash: own.key } : keys.find(subject.alias);
  }

  async function ofRequest(id: string): Promise<readonly Finding[]> {
    const looking = lookAtLedger(paper, limitMs);
    const about = await bounded(paper.about(id), limitMs, 'the ledger').catch((error: Error) => error);
    const ledger = await looking;
    const elsewhere: Finding[] = [
      { layer: 'gateway', verdict: 'skipped', text: 'Pullcord keeps no log of what passes the gateways.' },
      { layer: 'litellm', verdict: 'skipped', text: 'Its call ids (x-litellm-call-id) stand in its own logs.' },
    ];
    if (about instanceof Error)
      return [
        ...elsewhere,
        { layer: 'ledger', verdict: 'unknown', text: `The ledger could not be read: ${about.message}.` },
      ];
    const found = recorded(about.lines, about.of, now());
    if (found.verdict !== 'unknown') return [...elsewhere, found];
    const cut = latched(ledger, { scopes: undefined, marked: false, unknown: PASSES }, now());
    return [...elsewhere, { ...found, todo: ASK_PATH }, ...cut];
  }

  const methodOf = (gateway: string) => config.gateways[gateway]?.method ?? 'auto';

  async function findings(subject: Subject): Promise<readonly Finding[]> {
    switch (subject.kind) {
      case 'path':
        return ofPath(subject.asked);
      case 'scope':
        return ofScope(subject.scope);
      case 'key':
        return ofKey(subject);
      case 'request':
        return ofRequest(subject.id);
    }
  }

  return {
    async ask(text, as) {
      const subject = subjectOf(text, known, as);
      if ('fault' in subject) return subject;
      if (under >= AT_ONCE) return 'busy';
      under += 1;
      try {
        const found = [...(await findings(subject))].sort((a, b) => layers.indexOf(a.layer) - layers.indexOf(b.layer));
        return { subject: shown(subject), kind: subject.kind, ...explain(subject.kind, found), findings: found };
      } finally {
        under -= 1;
      }
    },
  };
}

const NO_PATH = 'A key alone says no path: ask by the path, too.';
const PASSES = 'Whether this passes there is not known.';
const ALIAS = 'Ask by its hash (SHA-256 of sk-…), which LiteLLM and the tripwire show.';
const ASK_PATH = 'Ask by the path, or by the key: pullcord why POST https://host/path';

const bare = ({ layer, name = '', text, evidence = {} }: Finding) => ({ layer, name, text, evidence });

/** Which gateways a request goes to: those whose address it names, or any. */
function reachedBy({ gateways }: Pick<Config, 'gateways'>, { host }: Asked): string[] {
  const names = Object.keys(gateways);
  const named = names.filter((name) => gateways[name]?.gatewayUrls.some((url) => new URL(url).hostname === host));
  return named.length > 0 ? named : names;
}

/** The scopes that hold what takes the request; undefined where a gateway could not be read. */
function holdingOf(looks: readonly GatewayLook[], holders: (routes: readonly Served[]) => string[]): Holding {
  const marked = looks.some(({ peeks }) => peeks.some((one) => one.marked === true));
  const isWhole = looks.every(({ taking }) => taking !== undefined);
  const scopes = new Set(looks.flatMap(({ taking }) => holders(taking?.routes ?? [])));
  // What takes it at a gateway that could not be read may be held by others.
  const read = isWhole || scopes.size > 0;
  return { scopes: read ? scopes : undefined, marked, unknown: 'Whether they hold this path could not be read.' };
}

/** The scopes by which Pullcord blocks a key, and those that a trip of it severs. */
function heldBy({ cutters, tripwire }: Pick<Config, 'cutters' | 'tripwire'>, hash: string): ReadonlySet<string> {
  const blocked = virtualKeys(cutters.litellm).find((one) => one.hash === hash)?.scopes ?? [];
  const tripped = Object.values(tripwire?.keys ?? {}).flatMap(({ key, scope }) =>
    key === hash && scope !== undefined ? [scope] : [],
  );
  return new Set([...blocked, ...tripped]);
}

function heldRoutes({ gateway, objects }: GatewayLook, routes: readonly Served[]): Finding {
  const about = { layer: 'routes', name: gateway } as const;
  if ('why' in objects)
    return { ...about, verdict: 'unknown', text: `The Admin API could not be read: ${objects.why}` };
  if (routes.length === 0) return { ...about, verdict: 'skipped', text: 'It holds no route here.' };
  const off = routes.filter(({ route }) => route.off);
  const evidence = { evidence: { routes: routes.length, off: off.map(({ route }) => route.id) } };
  const said = off.length > 0 ? ` Switched off: ${listed(off)}.` : '';
  return { ...about, ...evidence, verdict: 'passes', text: `It holds ${listed(routes)}.${said}` };
}
