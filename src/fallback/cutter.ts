import type { FallbackConfig } from '../config/fallback';
import type { AdminApi } from '../cutters/apisix/client';
import { type Doc, isDoc, same } from '../cutters/apisix/document';
import { isGatewayError } from '../cutters/apisix/fault';
import { mergePatch } from '../cutters/apisix/merge-patch';
import { stopIf, unless } from '../cutters/apisix/overtaken';
import type { Cutter, Goal, Report, Sight } from '../cutters/cutter';
import { type Memory, Notes } from '../cutters/memory';
import type { ControlApi, NodeView } from './control';
import { objectName, partsOf, pathOf, sides, widened, withParts } from './parts';

export interface FallbackCutterOptions {
  /** The fallback's name, which is a scope of its own. */
  readonly name: string;
  readonly config: FallbackConfig;
  /** The scopes that hold it, its own included. */
  readonly holders: ReadonlySet<string>;
  /** Every scope that there is. */
  readonly scopes: readonly string[];
  /** Whether the newest decision that is known permits it, the latches aside. */
  readonly permitted: () => boolean;
  readonly api: AdminApi;
  readonly control: ControlApi;
  readonly memory: Memory;
}

/** What a pass has found at the gateway. */
export interface FallbackView {
  /** Number of the newest order that the pass knew. */
  readonly order: number;
  /** What every node was seen to deal out to; `unseen` when they differ or can't be seen. */
  readonly seen: 'primary' | 'fallback' | 'unseen';
  readonly missing: readonly string[];
}

export interface FallbackCutter extends Cutter {
  view(): FallbackView;
}

/**
 * Keeps one fallback out of the gateway's hands, or in them: a write of the upstream's nodes, and nothing else of it.
 * Fails towards `primary`: it is kept out unless it is permitted, and put back only with leave for that very write. What
 * it takes out it keeps first, sealed, for the way back.
 */
export function createFallbackCutter(options: FallbackCutterOptions): FallbackCutter {
  const { name, config, holders, scopes, permitted, api, control } = options;
  const notes = new Notes(options.memory);
  const kept = `fallback ${name}`;
  const what = objectName(config);
  const isPrimary = ({ name: part }: { name: string }): boolean => config.primary.includes(part);
  /** How the object was with its fallback, as it is kept. */
  let known: Doc | undefined;
  let narrowed = false;
  let view: FallbackView = { order: -1, seen: 'unseen', missing: ['has not been looked at yet'] };

  interface Work {
    readonly goal: Goal;
    readonly overtaken: AbortSignal;
    readonly writes: string[];
    readonly drift: string[];
    readonly missing: string[];
  }

  async function bring(work: Work): Promise<'primary' | 'fallback'> {
    const { goal, overtaken, missing } = work;
    const now = await api.get(pathOf(config), overtaken);
    const parts = partsOf(config, now);
    if (!parts) {
      missing.push(`${what} is not what was configured: it has no list of what it deals out to`);
      return 'primary';
    }
    const { primary, others } = sides(config, parts);
    if (primary.length === 0) missing.push(`${what} has none of ${config.primary.join(', ')}`);
    if (!mayBeUsed(goal)) {
      if (primary.length > 0) narrowed = others.length === 0 || (await narrow(now, work));
      return 'primary';
    }
    narrowed = false;
    if (others.length === 0) await widen(now, work);
    return 'fallback';
  }

  const mayBeUsed = (goal: Goal): boolean => permitted() && ![...holders].some((scope) => goal.severed.has(scope));

  async function narrow(now: Doc, { goal, overtaken, writes, missing, drift }: Work): Promise<boolean> {
    const leave = await unless(overtaken, goal.mayCut());
    if (!leave) return false;
    if (narrowed) drift.push(`somebody put the fallback of ${what} back: taken out again`);
    await keep(now, missing);
    stopIf(overtaken);
    await api.patch(pathOf(config), mergePatch(now, withParts(config, now, isPrimary)), overtaken, leave);
    writes.push(`PATCH ${what}: ${config.primary.join(', ')} alone`);
    return true;
  }

  /** What is kept already is not kept again: a STOP waits for no memory then, and never twice. */
  async function keep(now: Doc, missing: string[]): Promise<void> {
    if (known && same(partsOf(config, known), partsOf(config, now))) return;
    known = now;
    if (!(await notes.set(kept, now))) missing.push(`how ${what} was could not be kept yet`);
  }

  async function widen(now: Doc, { goal, overtaken, writes, missing, drift }: Work): Promise<void> {
    const before = await unless(overtaken, notes.get(kept)).catch(() => undefined);
    stopIf(overtaken);
    if (!isDoc(before)) {
      missing.push(`what the fallback of ${what} is was never seen: put it there by hand, once`);
      return;
    }
    known = before;
    // Asked last, and the decision looked at again upon what that has read.
    const leave = await unless(overtaken, goal.mayRelease());
    if (!leave || !mayBeUsed(goal)) {
      missing.push(`there is no leave to put the fallback of ${what} back`);
      return;
    }
    stopIf(overtaken);
    const next = widened(config, now, before);
    await api.patch(pathOf(config), mergePatch(now, next), overtaken, leave);
    writes.push(`PATCH ${what}: with its fallback`);
    const others = sides(config, partsOf(config, next) ?? []).others.length;
    if (others === 0) drift.push(`${what} has no fallback any more`);
  }

  async function see(wanted: 'primary' | 'fallback', { overtaken, missing }: Work): Promise<FallbackView['seen']> {
    const path = config.upstream === undefined ? `route/${config.route}` : `upstream/${config.upstream}`;
    const views = await control.object(path, overtaken);
    const said = views.map(sideOf);
    views.forEach((node, i) => {
      if ('why' in node) missing.push(`${node.url} ${node.why}`);
      else if (said[i] !== wanted) missing.push(`${node.url} still deals out to ${said[i] ?? 'something else'}`);
    });
    if (views.length === 0) missing.push('no Control API is configured: what the gateway does is not seen');
    const [first] = said;
    return first !== undefined && said.every((side) => side === first) ? first : 'unseen';
  }

  function sideOf(node: NodeView): 'primary' | 'fallback' | undefined {
    const parts = 'object' in node ? partsOf(config, node.object) : undefined;
    if (!parts) return undefined;
    const { primary, others } = sides(config, parts);
    if (others.length > 0) return 'fallback';
    return primary.length > 0 ? 'primary' : undefined;
  }

  async function enforce(goal: Goal, overtaken: AbortSignal): Promise<Report> {
    const work: Work = { goal, overtaken, writes: [], drift: [], missing: [] };
    let wanted: 'primary' | 'fallback' = mayBeUsed(goal) ? 'fallback' : 'primary';
    try {
      wanted = await bring(work);
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      work.missing.push(`${what} at the Admin API: ${error.message}`);
    }
    let seen = await see(wanted, work);
    // A node takes a change over a moment after it was written.
    for (const ms of work.writes.length > 0 ? AGAIN_MS : []) {
      if (seen === wanted) break;
      await unless(overtaken, new Promise((resolve) => setTimeout(resolve, ms)));
      work.missing.length = 0;
      seen = await see(wanted, work);
    }
    view = { order: goal.order, seen, missing: seen === wanted ? [] : work.missing };
    const sightOf = (scope: string): Sight => {
      if (!holders.has(scope) || !goal.severed.has(scope)) return 'none';
      return seen === 'primary' ? 'refused' : 'unseen';
    };
    return {
      sights: new Map(scopes.map((scope) => [scope, sightOf(scope)])),
      ...{ missing: work.missing, drift: work.drift, writes: work.writes, cut: 0 },
    };
  }

  return {
    name: `fallback ${name}`,
    required: true,
    enforce,
    view: () => view,
    async close() {
      api.close();
      control.close();
    },
  };
}

/** How long a node is given to take a change over, look by look. Milliseconds. */
const AGAIN_MS = [5, 10, 20, 50, 100, 200, 400] as const;
