import type { Leave } from '../cutter';
import { type Arming, arm, armed, armedWith, CLAMP_PATH, clampRule, idsOf, setIds } from './clamp';
import { ENDERS } from './clamp-functions';
import type { AdminApi } from './client';
import type { Doc } from './document';
import { isGatewayError } from './fault';
import { type Notes, routesInWords } from './notes';
import { Overtaken, stopIf, unless } from './overtaken';

/** What the clamp has to be brought to. */
export interface ClampGoal {
  /** The rule as it was just read. */
  readonly rule: Doc | undefined;
  readonly wanted: ReadonlySet<string>;
  /** Whether a route that the rule names has to stay in it. */
  stays(id: string): boolean;
  mayCut(): Promise<Leave | undefined>;
  mayRelease(onRecord?: boolean): Promise<Leave | undefined>;
  /** The routes of all scopes; undefined while that isn't known. What none of them holds no order can have cut. */
  readonly scoped?: ReadonlySet<string> | undefined;
  /** Whether the rule is armed where it is not; an unused one is only emptied. */
  readonly use: boolean;
}

/**
 * Rung one over time: what the rule is known to name, and what may be in doubt about it. In doubt the clamp only grows.
 */
export class ClampRung {
  /** The ids that the rule names, as far as is known. */
  named: ReadonlySet<string> = new Set();
  /** How arming went; undefined until it was tried, or seen to be done. */
  arming: Arming | undefined;
  /** What this program last saw in the rule or wrote into it. */
  private ours: ReadonlySet<string> | undefined;
  /** A write got no answer, or was given up on the way: it may still be applied. */
  private doubt: 'silent' | 'overtaken' | undefined;

  constructor(private readonly api: AdminApi) {}

  /**
   * The first thing on the wire when something has to be cut that the rule is not known to name: the whole set, and
   * nothing is taken out. After a write that got no answer the rule is looked at first.
   */
  async rush(wanted: ReadonlySet<string>, leave: Leave, notes: Notes, overtaken: AbortSignal): Promise<void> {
    if (!this.arming?.armed || this.doubt === 'silent') return;
    const known = this.doubt === undefined && [...wanted].every((id) => this.named.has(id));
    if (known || wanted.size === 0) return;
    await this.write(new Set([...this.named, ...wanted]), leave, notes, overtaken);
  }

  /** Brings the rule to the goal, as far as it is given leave. @returns the routes that had to stay in it. */
  async bring(goal: ClampGoal, notes: Notes, overtaken: AbortSignal): Promise<ReadonlySet<string>> {
    const { rule, wanted, stays, use } = goal;
    const current = idsOf(rule);
    const enders = armedWith(rule);
    const drift = use ? this.driftOf(rule, enders !== undefined, current, wanted) : [];
    this.named = current;
    this.doubt = undefined;

    const releases = [...current].filter((id) => !wanted.has(id) && !stays(id));
    const { release, withheld } = await leaveFor(releases, goal, overtaken);
    const target = new Set([...wanted, ...[...current].filter((id) => withheld.has(id) || !releases.includes(id))]);
    if (release && this.ours) {
      const strange = releases.filter((id) => !withheld.has(id) && !this.ours?.has(id));
      if (strange.length > 0) drift.push(`the clamp named what is not severed: ${routesInWords(strange)}`);
    }

    const fresh = this.arming === undefined;
    if (enders && !this.arming?.armed) this.arming = armed(enders);
    const mayGain = fresh && enders && enders.length < ENDERS.length;
    const toArm = use && (!enders || mayGain);
    if (toArm || !sameSet(target, current)) {
      const leave = release ?? (await unless(overtaken, goal.mayCut()));
      // Who may write tells of what it undoes.
      if (!leave) return withheld;
      notes.drift.push(...drift);
      await (toArm ? this.arm(target, leave, notes, overtaken, rule) : this.write(target, leave, notes, overtaken));
    }
    if (sameSet(target, this.named)) this.ours = target;
    return withheld;
  }

  private async write(ids: ReadonlySet<string>, leave: Leave, notes: Notes, overtaken: AbortSignal): Promise<void> {
    try {
      const enders = this.arming?.armed ? this.arming.enders : [];
      await this.sending(() => setIds(this.api, ids, enders, overtaken, leave), overtaken);
    } catch (error) {
      if (isGatewayError(error) && error.inDoubt) {
        notes.writes.push(`PATCH clamp: ${routesInWords(ids)}; no answer, it may still be applied`);
        this.changes(ids, notes);
      }
      if (!isGatewayError(error, 'not-found') && !isGatewayError(error, 'rejected')) throw error;
      await this.arm(ids, leave, notes, overtaken);
      if (this.arming?.armed)
        notes.drift.push(`the clamp was ${error.kind === 'not-found' ? 'deleted' : 'changed'} by somebody else`);
      return;
    }
    this.wrote('PATCH', ids, notes);
  }

  private async arm(
    ids: ReadonlySet<string>,
    leave: Leave,
    notes: Notes,
    overtaken: AbortSignal,
    rule?: Doc,
  ): Promise<void> {
    const before = rule ?? this.known();
    this.arming = await this.sending(() => arm(this.api, ids, overtaken, leave), overtaken);
    if (this.arming.armed) this.wrote('PUT', ids, notes, before);
  }

  private wrote(method: string, ids: ReadonlySet<string>, notes: Notes, before = this.known()): void {
    this.changes(ids, notes, before);
    this.named = ids;
    this.ours = ids;
    notes.writes.push(`${method} clamp: ${routesInWords(ids)}`);
  }

  /** The rule as it was last seen or written; undefined while there is none of ours. */
  private known(): Doc | undefined {
    return this.arming?.armed ? clampRule(this.named, this.arming.enders) : undefined;
  }

  private changes(ids: ReadonlySet<string>, { changed }: Notes, before = this.known()): void {
    const enders = this.arming?.armed ? this.arming.enders : [];
    changed?.push({ object: CLAMP_PATH, before, after: clampRule(ids, enders) });
  }

  private async sending<T>(send: () => Promise<T>, overtaken: AbortSignal): Promise<T> {
    stopIf(overtaken);
    try {
      return await send();
    } catch (error) {
      if (error instanceof Overtaken) this.doubt = 'overtaken';
      else if (isGatewayError(error) && error.inDoubt) this.doubt = 'silent';
      throw error;
    }
  }

  private driftOf(
    rule: Doc | undefined,
    intact: boolean,
    current: ReadonlySet<string>,
    wanted: ReadonlySet<string>,
  ): string[] {
    if (!this.arming?.armed || this.doubt) return [];
    if (!rule) return ['the clamp was deleted by somebody else'];
    const lost = [...(this.ours ?? [])].filter((id) => wanted.has(id) && !current.has(id));
    return [
      ...(intact ? [] : ['the clamp was changed by somebody else']),
      ...(lost.length > 0 ? [`the clamp no longer named ${routesInWords(lost)}`] : []),
    ];
  }
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((id) => b.has(id));
}

/** Nobody's order explains a route that no scope holds: it takes no word of an instance that may be down. */
async function leaveFor(releases: readonly string[], { scoped, mayRelease }: ClampGoal, overtaken: AbortSignal) {
  const [held, others] = [
    releases.filter((id) => scoped?.has(id) ?? true),
    releases.filter((id) => !(scoped?.has(id) ?? true)),
  ];
  const forHeld = held.length === 0 ? undefined : await unless(overtaken, mayRelease());
  const forOthers = others.length === 0 ? undefined : (forHeld ?? (await unless(overtaken, mayRelease(true))));
  const withheld: ReadonlySet<string> = new Set([...(forHeld ? [] : held), ...(forOthers ? [] : others)]);
  return { release: forHeld ?? forOthers, withheld };
}
