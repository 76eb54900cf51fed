import type { Snapshot } from '../../ledger/store';
import type { Leave } from '../cutter';
import type { Doc } from './document';
import type { Look } from './look';
import { NO_LEAVE } from './notes';
import type { Pass, Rewriter } from './rewrite';
import type { Standing } from './standing';

export interface RewriteGoal extends Pass {
  readonly found: Look;
  readonly standing: Standing;
  /** Routes that are cut by this rung; others that it has cut before are kept so. */
  readonly wanted: ReadonlySet<string>;
  /** Whether a route, as it stands at its gateway now, has to stay cut. */
  stays(route: Doc): boolean;
  mayRelease(): Promise<Leave | undefined>;
}

/** Rung two over time: which routes are rewritten, and which have to be written back. */
export class RewriteRung {
  /** The routes that are rewritten, as far as is known. */
  rewritten: ReadonlySet<string> = new Set();

  constructor(private readonly rewriter: Rewriter) {}

  /** Cuts what has to be cut, then writes back all else. @returns the routes that could not be written back. */
  async bring(goal: RewriteGoal): Promise<readonly string[]> {
    const { found, standing, notes } = goal;
    const marked = [...found.routes.values()].filter((route) => route.marked && !standing.stays(route.id));
    const kept = found.snapshots;
    if (!kept) {
      // Without the ledger nothing can be written back; what has to be cut is cut.
      await this.cut(goal);
      return marked.map((route) => route.id);
    }
    this.rewritten = new Set(kept.keys());
    await this.cut(goal, kept);

    const toRestore = [...kept.values()].filter((snapshot) => !standing.stays(snapshot.route));
    const released = await this.rewriter.restore(toRestore, {
      ...goal,
      mayRelease: async () => {
        const leave = await goal.mayRelease();
        if (!leave) notes.missing.push(NO_LEAVE);
        return leave;
      },
    });
    this.rewritten = new Set([...this.rewritten].filter((id) => !released.includes(id)));
    const lost = marked.filter((route) => !kept.has(route.id)).map((route) => route.id);
    if (lost.length > 0)
      notes.missing.push(
        `${lost.join(', ')} still refuses for Pullcord, and no snapshot tells what it was: take fault-injection out of it by hand`,
      );
    return [...toRestore.map(({ route }) => route).filter((id) => !released.includes(id)), ...lost];
  }

  /** Cuts alone. */
  async cut(goal: RewriteGoal, kept = goal.found.snapshots ?? new Map<string, Snapshot>()): Promise<void> {
    const { found, standing, wanted } = goal;
    const open = [...standing.severed].filter((id) => {
      const route = found.routes.get(id);
      return route && !route.off && !route.refuses && (wanted.has(id) || kept.has(id));
    });
    const cut = await this.rewriter.cut(open, kept, goal);
    this.rewritten = new Set([...this.rewritten, ...cut]);
  }
}
