import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { GatewayConfig, ScopeConfig } from '../../config/schema';
import { ALWAYS, type Cutter, type Goal, type Leave, type Report, type Sight } from '../cutter';
import { changedBy, type ObjectWrite } from './changes';
import { type Arming, idsOf } from './clamp';
import { ClampRung } from './clamp-rung';
import { type AdminApi, createAdminApi } from './client';
import { isGatewayError } from './fault';
import { GuardRung } from './guard/guard-rung';
import { Holdings } from './holdings';
import { type Look, look } from './look';
import { Lookout, type View } from './lookout';
import { chooses } from './match';
import { NO_LEAVE, type Notes } from './notes';
import { Overtaken, stopIf } from './overtaken';
import { previewOf } from './preview';
import { createProber, type Glimpse, type Prober } from './probe';
import { createRewriter, type SnapshotStore } from './rewrite';
import { type RewriteGoal, RewriteRung } from './rewrite-rung';
import { type Route, routeOf } from './route';
import type { Standing } from './standing';

export interface ApisixCutterOptions {
  /** The gateway's name in the configuration. */
  readonly name: string;
  readonly config: GatewayConfig;
  readonly scopes: Readonly<Record<string, ScopeConfig>>;
  readonly snapshots: SnapshotStore;
  readonly logger: Logger;
  readonly now: Clock;
  /** From 0 up to 1: spreads repeated writes in time. */
  readonly random?: () => number;
  /** The gateway was read: which routes each scope holds, by its name. Must not throw. */
  readonly onRoutes?: ((gateway: string, chosen: ReadonlyMap<string, readonly Route[]>) => void) | undefined;
  /** What is wrong with the guards, once a pass; empty when all is well. Must not throw. */
  readonly onGuard?: ((gateway: string, faults: readonly string[]) => void) | undefined;
  /** One probe, by what it saw. Must not throw. */
  readonly onProbe?: ((gateway: string, glimpse: Glimpse) => void) | undefined;
  /** In place of what is made of the configuration: for a gateway that is asked otherwise than by HTTP. */
  readonly api?: AdminApi;
  readonly prober?: Prober;
}

export interface ApisixCutter extends Cutter {
  /** Reads the gateway and arms the clamp ahead of time, so that the first STOP is one write. Gives nothing back. */
  prepare(): Promise<Arming>;
}

/** One call of `enforce`. */
interface Pass {
  readonly goal: Goal;
  readonly severed: ReadonlySet<string>;
  readonly notes: Notes;
  readonly overtaken: AbortSignal;
  mayCut(): Promise<Leave | undefined>;
  mayRelease(onRecord?: boolean): Promise<Leave | undefined>;
  /** Whether something was left to another instance, whose turn it is. */
  waits(): boolean;
}

/**
 * Cuts routes at one APISIX cluster: by the clamp, and by the rewrite where that does not hold. Fails towards "cut":
 * what can't be read is not released, and "refused" is said only of what every gateway was seen to refuse.
 */
export function createApisixCutter(options: ApisixCutterOptions): ApisixCutter {
  const { name, config, scopes, snapshots, logger, now, onRoutes, onGuard, onProbe, random = Math.random } = options;
  const { adminUrl, adminKey, gatewayUrls, timeoutMs, caFile, method, probeConnections: connections } = config;
  const api = options.api ?? createAdminApi({ url: adminUrl, key: adminKey, timeoutMs, caFile, random });
  const clamp = new ClampRung(api);
  const rewrite = new RewriteRung(createRewriter({ api, snapshots, gateway: name, now }));
  const onGlimpse = (glimpse: Glimpse): void => onProbe?.(name, glimpse);
  const prober = options.prober ?? createProber({ gatewayUrls, connections, timeoutMs, caFile, onGlimpse });
  const patienceMs = method === 'auto' ? config.climbAfterMs : Number.POSITIVE_INFINITY;
  const lookout = new Lookout({ gateway: name, scopes, prober, now, timeoutMs, patienceMs });
  const holdings = new Holdings(scopes);
  const onFaults = (faults: readonly string[]): void => onGuard?.(name, faults);
  const guard = config.guard && new GuardRung({ config: config.guard, timeoutMs, caFile, admin: api, now, onFaults });
  const scopeNames = Object.keys(scopes);

  /** Scopes that are cut by the rewrite, too. */
  const climbed = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();
  let preparing: AbortController | undefined;
  /** The last pass could not write what it wanted. */
  let unwritten = false;
  let routes: ReadonlyMap<string, Route> | undefined;

  const isRewritten = (scope: string): boolean => method === 'rewrite' || climbed.has(scope);

  /** One at a time. What is overtaken ends at once, so that nobody waits for it. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = last.then(work);
    last = run.catch(() => undefined);
    return run;
  }

  async function take(overtaken: AbortSignal): Promise<Look> {
    const found = await look({ api, snapshots, gateway: name, overtaken });
    routes = found.routes;
    const held = holdings.look(routes.values());
    onRoutes?.(name, held);
    return found;
  }

  async function enforce(goal: Goal, overtaken: AbortSignal): Promise<Report> {
    const severed = new Set(scopeNames.filter((scope) => goal.severed.has(scope)));
    const changed: ObjectWrite[] = [];
    const notes: Notes = { writes: [], drift: [], missing: [], changed };
    let sights: ReadonlyMap<string, Sight> = new Map(scopeNames.map((scope) => [scope, 'unseen']));
    try {
      sights = await pass({ goal, severed, notes, overtaken, ...leavesOf(goal) });
    } catch (error) {
      if (!(error instanceof Overtaken)) logger.error({ err: error, gateway: name }, 'a pass failed');
      notes.missing.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    const cut = new Set([...clamp.named, ...rewrite.rewritten, ...(guard?.named ?? [])]);
    const { of } = holdings.stand(severed);
    const cutOf = new Map([...severed].map((scope) => [scope, [...of(scope)].filter((id) => cut.has(id)).length]));
    const missing = [...new Set(notes.missing)];
    const { drift, writes } = notes;
    return { sights, missing, drift, writes, changed: changedBy(name, changed), cut: cut.size, cutOf };
  }

  async function pass(work: Pass): Promise<ReadonlyMap<string, Sight>> {
    const { severed, notes, overtaken } = work;
    stopIf(overtaken);
    lookout.begin(severed);
    for (const scope of work.goal.restoring ?? []) if (!severed.has(scope)) lookout.touch(scope);
    for (const scope of climbed) if (!severed.has(scope)) climbed.delete(scope);

    let found: Look | undefined;
    let withheld: ReadonlySet<string> = new Set();
    let brought = false;
    const told = tellGuards(work);
    try {
      if (method !== 'rewrite') await traced(work, 'write', () => rush(work));
      found = await take(overtaken);
      await told;
      const look = found;
      withheld = await traced(work, 'write', () => bring(look, work));
      brought = true;
      unwritten ||= work.waits();
      // What could not be written until now was not seen for want of that, not because it doesn't hold.
      if (unwritten) lookout.afresh(severed);
      unwritten = false;
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      unwritten = true;
      notes.missing.push(`Admin API of ${name}: ${error.message}`);
    }
    await told;
    if (!brought) withheld = new Set([...withheld, ...(await keepGuards(work))]);

    const said = notes.missing.length;
    const view = await traced(work, 'probe', () => see(work, found, withheld));
    // The next rung is behind the same Admin API: it is climbed only when this one could be written.
    if (!found || !brought || work.waits() || view.unheld.length === 0) return view.sights;
    climb(view.unheld, `the clamp was not seen to hold within ${config.climbAfterMs} ms`, notes);
    notes.missing.length = said;
    await traced(work, 'rewrite', () => rewrite.cut(rewriteGoal(found, work)));
    return (await traced(work, 'probe', () => see(work, found, withheld))).sights;
  }

  /** @throws GatewayError, Overtaken */
  async function rush({ goal, severed, notes, overtaken, mayCut }: Pass): Promise<void> {
    const leave = goal.urgent ? await mayCut() : undefined;
    if (leave) await clamp.rush(holdings.stand(severed).severed, leave, notes, overtaken);
  }

  /** At the same moment as the clamp: a cut waits for neither the Admin API nor etcd. Never fails. */
  async function tellGuards({ goal, severed, notes, overtaken, mayCut }: Pass): Promise<void> {
    if (!goal.urgent) return;
    await guard?.rush(
      { order: goal.order, wanted: holdings.stand(severed).severed, scoped: holdings.all(), mayCut },
      notes,
      overtaken,
    );
  }

  /** Without the Admin API the guards are kept in step all the same. Nothing is given back: the clamp can't be seen. */
  async function keepGuards({ goal, severed, notes, overtaken, mayCut }: Pass): Promise<ReadonlySet<string>> {
    if (!guard) return new Set();
    if (!holdings.chosen) {
      const routes = await guard.routes(overtaken);
      const held = routes && holdings.look(routes);
      if (held) onRoutes?.(name, held);
    }
    const { severed: wanted, stays } = holdings.stand(severed);
    const noLeave = `nothing is given back while the Admin API of ${name} can't be used`;
    const more = { scoped: holdings.all(), mayCut, mayRelease: async () => undefined, noLeave };
    return guard.bring({ order: goal.order, wanted, stays, ...more }, notes, overtaken);
  }

  /** @returns the routes that should be given back, and could not be. */
  async function bring(found: Look, work: Pass): Promise<ReadonlySet<string>> {
    const { severed, notes, overtaken, mayCut, mayRelease } = work;
    holdings.hold(severed);
    const now = holdings.stand(severed);
    touchWhatIsCut(found, now, severed);

    const use = method !== 'rewrite';
    const wanted = use ? now.severed : new Set<string>();
    const goal = { rule: found.rule, wanted, stays: now.stays, mayCut, mayRelease, scoped: holdings.all(), use };
    const withheld = await clamp.bring(goal, notes, overtaken);
    const guarded = await bringGuards(now, work);
    if (withheld.size > 0) notes.missing.push(NO_LEAVE);
    if (use) climbIfUnarmed(severed, notes);

    const stuck = await rewrite.bring(rewriteGoal(found, work));
    holdings.letGo(severed, (id) => clamp.named.has(id) || rewrite.rewritten.has(id) || guarded.has(id));
    return new Set([...withheld, ...guarded, ...stuck]);
  }

  async function bringGuards(now: Standing, work: Pass): Promise<ReadonlySet<string>> {
    if (!guard) return new Set();
    const { goal, notes, overtaken, mayCut, mayRelease } = work;
    await guard.arm(mayCut, notes, overtaken);
    const more = { scoped: holdings.all(), mayCut, mayRelease, noLeave: NO_LEAVE };
    return guard.bring({ order: goal.order, wanted: now.severed, stays: now.stays, ...more }, notes, overtaken);
  }

  /** A live scope that is found cut, by an order before a restart for instance, has to be seen served. */
  function touchWhatIsCut(found: Look, now: Standing, severed: ReadonlySet<string>): void {
    const marked = [...found.routes.values()].filter((route) => route.marked).map((route) => route.id);
    const cut = new Set([...idsOf(found.rule), ...marked]);
    const freed = (scope: string): boolean => [...now.of(scope)].some((id) => cut.has(id) && !now.stays(id));
    for (const scope of scopeNames) if (!severed.has(scope) && freed(scope)) lookout.touch(scope);
  }

  function rewriteGoal(found: Look, { severed, notes, overtaken, mayCut, mayRelease }: Pass): RewriteGoal {
    const now = holdings.stand(severed);
    const holds = (scope: string, route: Route): boolean => {
      const config = scopes[scope];
      return config !== undefined && chooses(config, route);
    };
    return {
      found,
      standing: now,
      wanted: new Set([...severed].filter(isRewritten).flatMap((scope) => [...now.of(scope)])),
      stays: (route) => [...severed].some((scope) => holds(scope, routeOf(route))),
      mayCut,
      // Its snapshot is the record.
      mayRelease: () => mayRelease(true),
      notes,
      overtaken,
    };
  }

  function climbIfUnarmed(severed: ReadonlySet<string>, notes: Notes): void {
    if (!clamp.arming || clamp.arming.armed) return;
    const why = `the clamp can't be armed: ${clamp.arming.why}`;
    if (method === 'auto')
      climb(
        [...severed].filter((scope) => !climbed.has(scope)),
        why,
        notes,
      );
    else if (severed.size > 0) notes.missing.push(why);
  }

  function climb(severed: readonly string[], why: string, notes: Notes): void {
    if (severed.length === 0) return;
    for (const scope of severed) climbed.add(scope);
    notes.drift.push(`${severed.join(', ')}: the routes are rewritten one by one, ${why}`);
  }

  function see(
    { severed, notes, overtaken }: Pass,
    found: Look | undefined,
    withheld: ReadonlySet<string>,
  ): Promise<View> {
    return lookout.see({
      severed,
      standing: holdings.stand(severed),
      chosen: holdings.chosen,
      fresh: found !== undefined,
      withheld,
      rewritten: new Set([...severed].filter(isRewritten)),
      notes,
      overtaken,
    });
  }

  async function prepare(overtaken: AbortSignal): Promise<Arming> {
    const notes: Notes = { writes: [], drift: [], missing: [] };
    try {
      const { rule } = await take(overtaken);
      if (method === 'rewrite') return { armed: false, why: 'not wanted: method is rewrite' };
      const mayCut = async (): Promise<Leave> => ALWAYS;
      const mayRelease = async (): Promise<undefined> => undefined;
      await clamp.bring(
        { rule, wanted: idsOf(rule), stays: () => true, mayCut, mayRelease, use: true },
        notes,
        overtaken,
      );
      await guard?.arm(mayCut, notes, overtaken);
    } catch (error) {
      if (!isGatewayError(error) && !(error instanceof Overtaken)) throw error;
      return { armed: false, why: error.message };
    }
    const arming = clamp.arming ?? { armed: false, why: 'not tried' };
    if (arming.why !== undefined) logger.warn({ gateway: name, why: arming.why }, 'the clamp is not as it should be');
    return arming;
  }

  return {
    name: `apisix ${name}`,
    required: true,
    enforce(goal, overtaken) {
      // Many calls at a time listen to it: that is no leak.
      setMaxListeners(0, overtaken);
      preparing?.abort();
      return inTurn(() => enforce(goal, overtaken));
    },
    prepare() {
      const controller = new AbortController();
      preparing = controller;
      return inTurn(() => prepare(controller.signal));
    },
    preview(scope, severed) {
      const known = new Set(scopeNames.filter((one) => severed.has(one)));
      const cut = { clamped: clamp.named, rewritten: rewrite.rewritten, guarded: guard?.named ?? new Set<string>() };
      return previewOf({ gateway: name, holdings, routes, ...cut }, scope, known);
    },
    async close() {
      preparing?.abort();
      await last;
      api.close();
      guard?.close();
    },
  };
}

function leavesOf(goal: Goal): Pick<Pass, 'mayCut' | 'mayRelease' | 'waits'> {
  let waits = false;
  return {
    mayCut: async () => {
      const leave = await goal.mayCut();
      waits ||= !leave;
      return leave;
    },
    mayRelease: (onRecord) => goal.mayRelease(onRecord).catch(() => undefined),
    waits: () => waits,
  };
}

/** One step of a pass, in the trace of its order. */
async function traced<T>(
  { goal, notes }: Pass,
  name: 'write' | 'rewrite' | 'probe',
  step: () => Promise<T>,
): Promise<T> {
  const span = goal.span?.child(name);
  const before = notes.writes.length;
  try {
    return await step();
  } finally {
    span?.end(name === 'probe' ? {} : { 'pullcord.writes': notes.writes.length - before });
  }
}
