import { type Arming, arm, armed, armedWith, idsOf, setIds } from './clamp';
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
  mayRelease(): Promise<boolean>;
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
  async rush(wanted: ReadonlySet<string>, notes: Notes, overtaken: AbortSignal): Promise<void> {
    if (!this.arming?.armed || this.doubt === 'silent') return;
    const known = this.doubt === undefined && [...wanted].every((id) => this.named.has(id));
    if (known || wanted.size === 0) return;
    await this.write(new Set([...this.named, ...wanted]), notes, overtaken);
  }

  /** Brings the rule to the goal. @returns the routes that had to stay in it for want of a leave. */
  async bring(goal: ClampGoal, notes: Notes, overtaken: AbortSignal): Promise<ReadonlySet<string>> {
    const { rule, wanted, stays, use } = goal;
    const current = idsOf(rule);
    const enders = armedWith(rule);
    if (use) this.noteDrift(rule, enders !== undefined, current, wanted, notes);
    this.named = current;
    this.doubt = undefined;

    const releases = [...current].filter((id) => !wanted.has(id) && !stays(id));
    const leave = releases.length === 0 || (await unless(overtaken, goal.mayRelease()));
    const target = new Set([...wanted, ...[...current].filter((id) => !leave || !releases.includes(id))]);
    if (leave && this.ours) {
      const strange = releases.filter((id) => !this.ours?.has(id));
      if (strange.length > 0) notes.drift.push(`the clamp named what is not severed: ${routesInWords(strange)}`);
    }

    const fresh = this.arming === undefined;
    if (enders && !this.arming?.armed) this.arming = armed(enders);
    const mayGain = fresh && enders && enders.length < ENDERS.length;
    if (use && (!enders || mayGain)) await this.arm(target, notes, overtaken);
    else if (!sameSet(target, current)) await this.write(target, notes, overtaken);
    if (sameSet(target, this.named)) this.ours = target;
    return new Set(leave ? [] : releases);
  }

  private async write(ids: ReadonlySet<string>, notes: Notes, overtaken: AbortSignal): Promise<void> {
    try {
      const enders = this.arming?.armed ? this.arming.enders : [];
      await this.sending(() => setIds(this.api, ids, enders, overtaken), overtaken);
    } catch (error) {
      if (isGatewayError(error) && error.inDoubt)
        notes.writes.push(`PATCH clamp: ${routesInWords(ids)}; no answer, it may still be applied`);
      if (!isGatewayError(error, 'not-found') && !isGatewayError(error, 'rejected')) throw error;
      await this.arm(ids, notes, overtaken);
      if (this.arming?.armed)
        notes.drift.push(`the clamp was ${error.kind === 'not-found' ? 'deleted' : 'changed'} by somebody else`);
      return;
    }
    this.wrote('PATCH', ids, notes);
  }

  private async arm(ids: ReadonlySet<string>, notes: Notes, overtaken: AbortSignal): Promise<void> {
    this.arming = await this.sending(() => arm(this.api, ids, overtaken), overtaken);
    if (this.arming.armed) this.wrote('PUT', ids, notes);
  }

  private wrote(method: string, ids: ReadonlySet<string>, notes: Notes): void {
    this.named = ids;
    this.ours = ids;
    notes.writes.push(`${method} clamp: ${routesInWords(ids)}`);
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

  private noteDrift(
    rule: Doc | undefined,
    intact: boolean,
    current: ReadonlySet<string>,
    wanted: ReadonlySet<string>,
    notes: Notes,
  ): void {
    if (!this.arming?.armed || this.doubt) return;
    if (!rule) {
      notes.drift.push('the clamp was deleted by somebody else');
      return;
    }
    if (!intact) notes.drift.push('the clamp was changed by somebody else');
    const lost = [...(this.ours ?? [])].filter((id) => wanted.has(id) && !current.has(id));
    if (lost.length > 0) notes.drift.push(`the clamp no longer named ${routesInWords(lost)}`);
  }
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((id) => b.has(id));
}
