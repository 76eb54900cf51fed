import { setTimeout as sleep } from 'node:timers/promises';
import type { Leave } from '../../cutter';
import { Overtaken, stopIf } from '../overtaken';
import { type GuardApi, GuardError, type GuardState } from './api';
import { faultsOf } from './judge';

/** What a guard has to be brought to. */
export interface GuardGoal {
  readonly order: number;
  /** Routes that have to be refused. */
  readonly wanted: ReadonlySet<string>;
  /** Whether a route that a guard holds has to stay refused. */
  stays(id: string): boolean;
  /** Routes of all scopes; undefined while no gateway could be read. */
  readonly scoped: ReadonlySet<string> | undefined;
  mayCut(): Promise<Leave | undefined>;
  mayRelease(): Promise<Leave | undefined>;
  /** Said when something should be given back and may not be. */
  readonly noLeave: string;
}

/** What has to be cut at once; nothing is given back. */
export type GuardRush = Pick<GuardGoal, 'order' | 'wanted' | 'scoped' | 'mayCut'>;

/** What came of one guard. */
export interface Told {
  /** What it holds, as far as is known: never less than that. */
  readonly held: ReadonlySet<string>;
  /** Routes that it should let go, and could not be made to. */
  readonly stuck: readonly string[];
  /** Written for the ledger. */
  readonly wrote?: number;
  /** Routes that it had, and was found without. */
  readonly lost: readonly string[];
  /** What is wrong with it, in words. Empty when all is well. */
  readonly faults: readonly string[];
}

/** Workers hear of a write within some tens of milliseconds. */
const HEARD_MS = 1_000;
const TRIES = 4;
const BUSY_MS = 20;

/** One guard over time: what it holds, as far as is known. In doubt it only grows. */
export class Guard {
  /** The newest answer; undefined until there was one. */
  private state: GuardState | undefined;
  /** What it was last told, or was found with. */
  private ours: ReadonlySet<string> = new Set();
  /** A write got no answer: it may still be applied. */
  private doubt = false;
  private sentScoped: string | undefined;
  private seq = 0;
  private wroteAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly api: GuardApi,
    private readonly now: () => number,
  ) {}

  /** The first thing on the wire when something has to be cut that the guard is not known to hold. */
  async rush(rush: GuardRush, overtaken: AbortSignal): Promise<Told> {
    const { order, wanted } = rush;
    const goal = { ...rush, stays: () => true, mayRelease: async () => undefined, noLeave: '' };
    const known = !this.doubt && this.state && [...wanted].every((id) => this.ours.has(id));
    if (known || wanted.size === 0) return this.told();
    // What it holds beside is not known, and a write without it would give it back.
    if (!this.state || this.doubt || this.state.order > order) return this.bring(goal, overtaken);
    return this.attempt(async () => {
      try {
        const leave = await goal.mayCut();
        if (!leave) return this.told();
        return await this.write(goal, new Set([...this.ours, ...wanted]), this.state, { leave, overtaken });
      } catch (error) {
        if (error instanceof GuardError && error.kind === 'stale') return this.converge(goal, overtaken);
        throw error;
      }
    }, overtaken);
  }

  /** Brings it to the goal. What it should let go stays with it for want of a leave. */
  bring(goal: GuardGoal, overtaken: AbortSignal): Promise<Told> {
    return this.attempt(() => this.converge(goal, overtaken), overtaken);
  }

  private async converge(goal: GuardGoal, overtaken: AbortSignal): Promise<Told> {
    for (let tries = 1; ; tries += 1) {
      const found = await this.api.state(overtaken);
      const lost = this.doubt ? [] : [...this.ours].filter((id) => goal.wanted.has(id) && !found.ids.includes(id));
      this.state = found;
      this.doubt = false;
      const releases = found.ids.filter((id) => !goal.wanted.has(id) && !goal.stays(id));
      const release = releases.length === 0 ? undefined : await goal.mayRelease();
      stopIf(overtaken);
      const stuck = release ? [] : releases;
      const kept = found.ids.filter((id) => stuck.includes(id) || !releases.includes(id));
      const target = new Set([...goal.wanted, ...kept]);
      try {
        if (this.isAt(goal, target, found)) {
          this.ours = target;
          return this.told({ lost, stuck });
        }
        const leave = release ?? (await goal.mayCut());
        // Who may write tells of what it undoes.
        if (!leave) return this.told({ stuck });
        return { ...(await this.write(goal, target, found, { leave, overtaken })), lost, stuck };
      } catch (error) {
        if (!(error instanceof GuardError) || error.kind !== 'stale' || tries === TRIES) throw error;
        await sleep(BUSY_MS, undefined, { signal: overtaken }).catch(() => stopIf(overtaken));
      }
    }
  }

  /** With each order it is told again, so that an older write that is still on its way comes too late. */
  private isAt({ order, scoped }: GuardGoal, target: ReadonlySet<string>, found: GuardState): boolean {
    const same = found.ids.length === target.size && found.ids.every((id) => target.has(id));
    return same && found.order === order && (scoped === undefined || this.sentScoped === textOf(scoped));
  }

  private async write(
    { order, scoped }: GuardGoal,
    target: ReadonlySet<string>,
    found: GuardState | undefined,
    { leave, overtaken }: { readonly leave: Leave; readonly overtaken: AbortSignal },
  ): Promise<Told> {
    this.seq = Math.max(this.seq + 1, this.now(), found?.order === order ? found.seq + 1 : 0);
    // Orders count from one again when the ledger was lost: then the set that is replaced is named.
    const after = found && found.order > order ? { after: { order: found.order, seq: found.seq } } : {};
    const ids = [...target].sort();
    const changed = !found || found.ids.length !== ids.length || found.ids.some((id) => !target.has(id));
    // Until the answer is here it may hold either.
    this.ours = new Set([...this.ours, ...target]);
    this.doubt = true;
    const list = scoped === undefined ? {} : { scoped: [...scoped].sort() };
    try {
      this.state = await this.api.cut({ order, seq: this.seq, ids, ...list, ...after }, overtaken, leave);
    } catch (error) {
      if (error instanceof GuardError) this.doubt = error.inDoubt;
      throw error;
    }
    this.doubt = false;
    this.wroteAt = this.now();
    this.ours = target;
    if (scoped !== undefined) this.sentScoped = textOf(scoped);
    return this.told(changed ? { wrote: ids.length } : {});
  }

  /** A guard that fails is a report, and never in the way of the others. */
  private async attempt(work: () => Promise<Told>, overtaken: AbortSignal): Promise<Told> {
    try {
      return await work();
    } catch (error) {
      if (overtaken.aborted || error instanceof Overtaken) return this.told();
      if (!(error instanceof GuardError)) throw error;
      return this.told({ faults: [error.message], stuck: [...this.ours] });
    }
  }

  private told(more: Partial<Told> = {}): Told {
    const written = this.now() - this.wroteAt < HEARD_MS;
    const faults = (this.state ? faultsOf(this.state, written) : []).map(
      (words) => `the guard at ${this.api.url}: ${words}`,
    );
    return { held: this.ours, stuck: [], lost: [], faults, ...more };
  }
}

const textOf = (ids: ReadonlySet<string>): string => [...ids].sort().join(' ');
