import type { Cutter, Goal, Report, Sight } from '../../src/cutters/cutter';

/** A system in memory with a cutter for it: what the enforcer's tests look at instead of a gateway. */
export class ToyCutter implements Cutter {
  /** The scopes that are cut now, in this system. */
  readonly cut = new Set<string>();
  /** Every write, in order: `cut agent`, `release agent`. */
  readonly writes: string[] = [];
  readonly goals: Goal[] = [];
  /** When false, writes work but nobody sees it. */
  visible = true;
  /** When set, a pass waits for it before it writes; a hang. */
  gate: Promise<void> | undefined;

  constructor(
    readonly name = 'toy',
    readonly required = true,
    private readonly scopes = ['agent', 'llm', 'drill'],
  ) {}

  async enforce(goal: Goal, overtaken: AbortSignal): Promise<Report> {
    this.goals.push(goal);
    const writes: string[] = [];
    await Promise.race([this.gate, new Promise((resolve) => overtaken.addEventListener('abort', resolve))]);
    for (const scope of this.scopes) {
      if (overtaken.aborted) break;
      if (goal.severed.has(scope) && !this.cut.has(scope) && (await goal.mayCut()) && !overtaken.aborted) {
        this.cut.add(scope);
        writes.push(`cut ${scope}`);
      }
      if (!goal.severed.has(scope) && this.cut.has(scope) && (await goal.mayRelease()) && !overtaken.aborted) {
        this.cut.delete(scope);
        writes.push(`release ${scope}`);
      }
    }
    this.writes.push(...writes);
    const sight = (scope: string): Sight => (this.visible ? (this.cut.has(scope) ? 'refused' : 'served') : 'unseen');
    return {
      sights: new Map(this.scopes.map((scope) => [scope, sight(scope)])),
      missing: this.visible ? [] : [`${this.name} does not answer`],
      ...{ drift: [], writes, cut: this.cut.size },
    };
  }

  preview(scope: string) {
    return { routes: [], others: this.cut.has(scope) ? [`releases ${scope}`] : [], stays: [] };
  }

  async close(): Promise<void> {}
}
