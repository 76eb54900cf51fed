import type { Clock } from '../../clock';
import type { ScopeConfig } from '../../config/schema';
import type { Sight } from '../cutter';
import type { Notes } from './notes';
import type { Prober } from './probe';
import { planProbes } from './probe-plan';
import type { Route } from './route';
import type { Standing } from './standing';
import { type Expectation, targetsOf, watch } from './watch';

export interface Scene {
  readonly severed: ReadonlySet<string>;
  readonly standing: Standing;
  /** The routes of each scope; undefined when the gateway could never be read. */
  readonly chosen: ReadonlyMap<string, readonly Route[]> | undefined;
  /** Whether the gateway could be read in this pass. */
  readonly fresh: boolean;
  /** Routes that should be given back, and could not be. */
  readonly withheld: ReadonlySet<string>;
  /** Scopes whose routes are rewritten one by one. */
  readonly rewritten: ReadonlySet<string>;
  readonly notes: Notes;
  readonly overtaken: AbortSignal;
}

export interface View {
  readonly sights: Map<string, Sight>;
  /** Severed scopes that a gateway went on serving for too long. */
  readonly unheld: readonly string[];
}

export interface LookoutOptions {
  readonly gateway: string;
  readonly scopes: Readonly<Record<string, ScopeConfig>>;
  readonly prober: Prober;
  readonly now: Clock;
  readonly timeoutMs: number;
  /** When a refusal was not seen for so long, something else has to be tried. */
  readonly patienceMs: number;
}

/** Sees whether scopes are cut, with as few requests as will do: a probe of a live route reaches its upstream. */
export class Lookout {
  /** Scopes that were cut, and have not been seen served since. */
  private readonly touched = new Set<string>();
  /** Since when a severed scope has not been seen refused. */
  private readonly unseenSince = new Map<string, number>();
  /** What all was seen as it should be for; then a glance is enough. */
  private calm: string | undefined;
  private turn = 0;

  constructor(private readonly options: LookoutOptions) {}

  /** To be told before anything is written: from here the patience counts. */
  begin(severed: ReadonlySet<string>): void {
    for (const scope of severed) {
      this.touched.add(scope);
      if (!this.unseenSince.has(scope)) this.unseenSince.set(scope, this.options.now());
    }
    for (const scope of this.unseenSince.keys()) if (!severed.has(scope)) this.unseenSince.delete(scope);
  }

  /** The patience counts from now: until now nothing could be written. */
  afresh(severed: ReadonlySet<string>): void {
    for (const scope of severed) this.unseenSince.set(scope, this.options.now());
  }

  /** A scope that is found cut although it is live has to be seen served. */
  touch(scope: string): void {
    this.touched.add(scope);
  }

  async see(scene: Scene): Promise<View> {
    const { severed, notes, overtaken } = scene;
    const sights = new Map<string, Sight>();
    const expectations: Expectation[] = [];
    for (const [scope, { probes }] of Object.entries(this.options.scopes)) {
      const seen = severed.has(scope) ? this.cut(scope, probes, scene) : this.live(scope, probes, scene);
      if (typeof seen === 'string') sights.set(scope, seen);
      else expectations.push(seen);
    }

    const key = JSON.stringify([[...severed].sort(), [...scene.standing.severed].sort(), [...scene.rewritten].sort()]);
    const settled = this.calm === key && notes.writes.length === 0 && notes.drift.length === 0;
    if (settled && (await this.glance(expectations, overtaken))) {
      for (const { scope } of expectations) this.saw(scope, 'refused', sights);
      return { sights, unheld: [] };
    }

    const patience = [...severed].map((scope) => Math.max(0, this.patience(scope, scene)));
    // The workers of a gateway take a change over one by one: wait for that, not for what nobody has written.
    const forMs = scene.fresh && notes.writes.length > 0 ? Math.min(this.options.timeoutMs, ...patience) : 0;
    const watched = await watch(this.options.prober, expectations, { forMs, overtaken });
    for (const [scope, { sight, missing }] of watched) {
      this.saw(scope, sight, sights);
      notes.missing.push(...missing);
    }
    this.calm = expectations.every(({ scope, wanted }) => sights.get(scope) === wanted) ? key : undefined;
    const unheld = [...watched]
      .filter(([scope, { contrary }]) => contrary && severed.has(scope))
      .map(([scope]) => scope);
    return { sights, unheld: unheld.filter((scope) => this.patience(scope, scene) <= 0) };
  }

  private cut(scope: string, probes: ScopeConfig['probes'], scene: Scene): Sight | Expectation {
    const routes = scene.chosen?.get(scope);
    if (scene.fresh && routes?.length === 0) {
      scene.notes.missing.push(`${scope} matches no route on ${this.options.gateway}`);
      return 'none';
    }
    // Nothing is known of its routes, and why is said already.
    if (!routes && probes.length === 0) return 'unseen';
    const plan = planProbes(routes ?? [], probes);
    return { scope, wanted: 'refused', plan, everyRoute: scene.rewritten.has(scope) };
  }

  private live(scope: string, probes: ScopeConfig['probes'], scene: Scene): Sight | Expectation {
    const routes = scene.chosen?.get(scope);
    if (!routes) return 'unseen';
    if ([...scene.standing.of(scope)].some((id) => scene.withheld.has(id))) return 'unseen';
    if (routes.length === 0 && scene.fresh) return 'none';
    if (!this.touched.has(scope)) return 'served';
    // What another scope still cuts can't be seen served, and a configured probe may go there.
    const free = routes.filter((route) => !scene.standing.severed.has(route.id));
    const whole = free.length === routes.length;
    const plan = planProbes(free, whole ? probes : []);
    if (plan.targets.length > 0 || (whole && plan.blind.length > 0))
      return { scope, wanted: 'served', plan, everyRoute: false };
    this.touched.delete(scope);
    return 'served';
  }

  private saw(scope: string, sight: Sight, sights: Map<string, Sight>): void {
    sights.set(scope, sight);
    if (sight === 'refused') this.unseenSince.delete(scope);
    if (sight === 'served') this.touched.delete(scope);
  }

  /** How long a refusal may still stay unseen. Milliseconds; a scope that is rewritten already has no end of it. */
  private patience(scope: string, { rewritten }: Scene): number {
    const { now, patienceMs } = this.options;
    if (rewritten.has(scope)) return Number.POSITIVE_INFINITY;
    return patienceMs - (now() - (this.unseenSince.get(scope) ?? now()));
  }

  /** One fresh connection to every gateway, through each route in its turn. */
  private async glance(expectations: readonly Expectation[], overtaken: AbortSignal): Promise<boolean> {
    const targets = targetsOf(expectations);
    const target = targets[this.turn++ % targets.length];
    if (!target) return expectations.length === 0;
    const seen = await this.options.prober.glance(target, overtaken);
    return seen.every(({ glimpse }) => glimpse === 'refused');
  }
}
