import type { GatewayConfig } from '../../../config/schema';
import type { Leave } from '../../cutter';
import type { AdminApi } from '../client';
import type { Doc } from '../document';
import { isGatewayError } from '../fault';
import { type Notes, routesInWords } from '../notes';
import { Overtaken } from '../overtaken';
import { type Route, routeOf } from '../route';
import { createGuardApi, GuardError } from './api';
import { Guard, type GuardGoal, type GuardRush, type Told } from './guard';
import { armGuardRule } from './rule';

export interface GuardRungOptions {
  readonly config: NonNullable<GatewayConfig['guard']>;
  readonly timeoutMs: number;
  readonly caFile?: string | undefined;
  /** The Admin API, for the rule by which the gateways run the guard. */
  readonly admin: AdminApi;
  readonly now: () => number;
  /** What is wrong with the guards, in words; empty when all is well. Told once a pass. */
  readonly onFaults: (faults: readonly string[]) => void;
}

/**
 * Rung four over time: the guards in the gateways' own processes. They are told at the same moment as the clamp, so that
 * a cut waits for neither the Admin API nor etcd, and what drains after a reload hears it too. A guard that can't be
 * reached holds nothing up but a restore of what it was last known to cut.
 */
export class GuardRung {
  /** The routes that all guards hold, as far as is known. */
  named: ReadonlySet<string> = new Set();
  private readonly guards: readonly Guard[];
  private ruleFault: string | undefined;

  constructor(private readonly options: GuardRungOptions) {
    const { config, timeoutMs, caFile, now } = options;
    this.guards = config.controlUrls.map(
      (controlUrl) => new Guard(createGuardApi({ controlUrl, secret: config.secret, timeoutMs, caFile, now }), now),
    );
  }

  /** Tells what has to be cut, at once. Gives nothing back, and never fails. */
  async rush(goal: GuardRush, notes: Notes, overtaken: AbortSignal): Promise<void> {
    this.take(await Promise.all(this.guards.map((guard) => guard.rush(goal, overtaken))), goal, notes);
  }

  /** @returns routes that should be given back, and that a guard may still refuse. */
  async bring(goal: GuardGoal, notes: Notes, overtaken: AbortSignal): Promise<ReadonlySet<string>> {
    // One leave for all of them: it is asked of the ledger.
    let leave: Promise<Leave | undefined> | undefined;
    const once = (): Promise<Leave | undefined> => {
      leave ??= goal.mayRelease();
      return leave;
    };
    const told = await Promise.all(this.guards.map((guard) => guard.bring({ ...goal, mayRelease: once }, overtaken)));
    this.take(told, goal, notes);
    if (!overtaken.aborted) {
      const faults = [
        ...told.flatMap((one) => one.faults),
        ...(this.ruleFault ? [`the guard: ${this.ruleFault}`] : []),
      ];
      this.options.onFaults(faults);
    }
    const held = new Set(told.flatMap(({ stuck }) => stuck).filter((id) => !goal.wanted.has(id) && !goal.stays(id)));
    if (leave && !(await leave)) notes.missing.push(goal.noLeave);
    else if (held.size > 0) {
      const why = told.flatMap(({ faults, stuck }) => (stuck.length > 0 ? faults : []));
      notes.missing.push([`a guard still refuses ${routesInWords(held)}`, ...why].join('; '));
    }
    return held;
  }

  /** Keeps the rule there by which the gateways run the guard. @throws GatewayError, Overtaken */
  async arm(mayCut: () => Promise<Leave | undefined>, notes: Notes, overtaken: AbortSignal): Promise<void> {
    const { wrote, fault } = await armGuardRule(this.options.admin, overtaken, mayCut);
    this.ruleFault = fault;
    if (wrote !== undefined) notes.writes.push(wrote);
  }

  /**
   * What the first gateway that answers serves: for the day when Pullcord starts and the Admin API is dead.
   * @returns undefined when none answers. @throws Overtaken
   */
  async routes(overtaken: AbortSignal): Promise<readonly Route[] | undefined> {
    for (const { api } of this.guards) {
      try {
        const [routes, services] = await Promise.all([
          api.objects('routes', overtaken),
          api.objects('services', overtaken),
        ]);
        const byId = new Map(services.map((service): [string, Doc] => [String(service.id), service]));
        return routes.map((route) => routeOf(route, byId));
      } catch (error) {
        if (error instanceof Overtaken || !(error instanceof GuardError || isGatewayError(error))) throw error;
      }
    }
    return undefined;
  }

  close(): void {
    for (const { api } of this.guards) api.close();
  }

  private take(told: readonly Told[], { wanted }: Pick<GuardGoal, 'wanted'>, notes: Notes): void {
    const [first, ...others] = told;
    this.named = new Set([...(first?.held ?? [])].filter((id) => others.every(({ held }) => held.has(id))));
    told.forEach(({ wrote, lost, held }, i) => {
      const url = this.guards[i]?.api.url;
      if (wrote !== undefined) notes.writes.push(`PUT guard at ${url}: ${routesInWords(held)}`);
      const missed = lost.filter((id) => wanted.has(id));
      if (missed.length > 0) notes.drift.push(`the guard at ${url} no longer held ${routesInWords(missed)}`);
    });
  }
}
