import type { FallbackConfig } from '../config/fallback';
import { changedBy, type ObjectWrite } from '../cutters/apisix/changes';
import type { AdminApi } from '../cutters/apisix/client';
import { type Doc, isDoc, same, without } from '../cutters/apisix/document';
import { isGatewayError } from '../cutters/apisix/fault';
import { applyMergePatch } from '../cutters/apisix/merge-patch';
import { stopIf, unless } from '../cutters/apisix/overtaken';
import type { Cutter, Goal, Report, Sight } from '../cutters/cutter';
import { type Memory, Notes } from '../cutters/memory';
import { heldToo } from '../cutters/preview';
import { objectName, pathOf, rolesOf, sideOf, subjectOf } from './configured';
import type { ControlApi } from './control';
import { forbidWrite, permitWrite } from './write';

export interface FallbackCutterOptions {
  /** The fallback's name, which is a scope of its own. */
  readonly name: string;
  readonly config: FallbackConfig;
  /** The scopes that hold it, its own included. */
  readonly holders: ReadonlySet<string>;
  /** Every scope that there is. */
  readonly scopes: readonly string[];
  /** Whether the newest decision that is known permits it. */
  readonly permitted: () => boolean;
  readonly api: AdminApi;
  readonly control: ControlApi;
  readonly memory: Memory;
}

/** What a pass has found at the gateway. */
export interface FallbackView {
  /** Number of the newest order that the pass knew. */
  readonly order: number;
  /** Where every node was seen to let requests go; `unseen` when they differ or can't be seen. */
  readonly seen: 'primary' | 'fallback' | 'unseen';
  readonly missing: readonly string[];
  /** What is written to, as it last was at the Admin API. */
  readonly object?: Doc | undefined;
}

export interface FallbackCutter extends Cutter {
  view(): FallbackView;
}

/** How long a node is given to take a change over, look by look. Milliseconds. */
const AGAIN_MS = [5, 10, 20, 50, 100, 200, 400] as const;

type Side = 'primary' | 'fallback';

interface Work {
  readonly goal: Goal;
  readonly overtaken: AbortSignal;
  readonly writes: string[];
  readonly drift: string[];
  readonly missing: string[];
  readonly changed: ObjectWrite[];
}

/**
 * Keeps one fallback out of the gateway's hands, or in them, by one write each. Fails towards `primary`: it is kept out
 * unless it is permitted, and put back only with leave for that very write. What it takes out it keeps first, sealed, for
 * the way back.
 */
export function createFallbackCutter(options: FallbackCutterOptions): FallbackCutter {
  const { name, config, holders, scopes, permitted, api, control } = options;
  const notes = new Notes(options.memory);
  const subject = subjectOf(config);
  const key = `fallback ${name}`;
  const what = objectName(config);
  let object: Doc | undefined;
  /** How the object was with its fallback, as it is kept. */
  let kept: Doc | undefined;
  let forbidden = false;
  let view: FallbackView = { order: -1, seen: 'unseen', missing: ['has not been looked at yet'] };

  const mayBeUsed = (goal: Goal): boolean => permitted() && ![...holders].some((scope) => goal.severed.has(scope));

  async function bring(work: Work): Promise<void> {
    object = await api.get(pathOf(config), work.overtaken);
    if (mayBeUsed(work.goal)) {
      forbidden = false;
      if (sideOf(config, object) === 'primary') await permit(object, work);
    } else forbidden = await forbid(object, work);
  }

  /** @returns whether it is forbidden now. */
  async function forbid(now: Doc, { goal, overtaken, writes, missing, drift, changed }: Work): Promise<boolean> {
    const toDo = forbidWrite(subject, now, rolesOf(config, now));
    if (toDo.kind === 'impossible') missing.push(`${toDo.what}: ${toDo.remedy}`);
    if (toDo.kind !== 'write') return toDo.kind === 'nothing';
    const leave = await unless(overtaken, goal.mayCut());
    if (!leave) return false;
    if (forbidden) drift.push(`somebody put the fallback of ${what} back: taken out again`);
    await keep(now, missing);
    stopIf(overtaken);
    await api.patch(toDo.write.path, toDo.write.patch, overtaken, leave);
    writes.push(`PATCH ${what}: ${config.primary.join(', ')} alone`);
    changed.push({ object: toDo.write.path, before: now, after: applyMergePatch(now, toDo.write.patch) as Doc });
    return true;
  }

  /** What is kept already is not kept again: a STOP waits for no memory then, and never twice. */
  async function keep(now: Doc, missing: string[]): Promise<void> {
    if (kept && same(without(kept, 'update_time'), without(now, 'update_time'))) return;
    kept = now;
    if (!(await notes.set(key, now))) missing.push(`how ${what} was could not be kept yet`);
  }

  async function permit(now: Doc, { goal, overtaken, writes, missing, changed }: Work): Promise<void> {
    const before = await unless(overtaken, notes.get(key)).catch(() => undefined);
    stopIf(overtaken);
    if (!isDoc(before)) {
      missing.push(`${what} had no fallback when it was looked at: give it one, and it is governed from then on`);
      return;
    }
    kept = before;
    const toDo = permitWrite(subject, now, before, rolesOf(config, before));
    if (toDo.kind === 'impossible') missing.push(`${toDo.what}: ${toDo.remedy}`);
    if (toDo.kind !== 'write') return;
    // Asked last, and the decision looked at again upon what that has read.
    const leave = await unless(overtaken, goal.mayRelease(true));
    stopIf(overtaken);
    if (!leave || !mayBeUsed(goal)) {
      missing.push(`there is no leave to put the fallback of ${what} back`);
      return;
    }
    await api.patch(toDo.write.path, toDo.write.patch, overtaken, leave);
    writes.push(`PATCH ${what}: with its fallback`);
    const after = applyMergePatch(now, toDo.write.patch) as Doc;
    changed.push({ object: toDo.write.path, before: now, after, was: before });
  }

  async function see(wanted: Side, { overtaken, missing }: Work): Promise<FallbackView['seen']> {
    const views = await control.object(subject, overtaken);
    const said = views.map((node) => ('object' in node ? sideOf(config, node.object) : undefined));
    views.forEach((node, i) => {
      if ('why' in node) missing.push(`${node.url} ${node.why}`);
      else if (said[i] !== wanted) missing.push(`${node.url} still lets requests go to ${said[i] ?? 'something else'}`);
    });
    const [first] = said;
    return first !== undefined && said.every((side) => side === first) ? first : 'unseen';
  }

  async function enforce(goal: Goal, overtaken: AbortSignal): Promise<Report> {
    const work: Work = { goal, overtaken, writes: [], drift: [], missing: [], changed: [] };
    try {
      await bring(work);
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      work.missing.push(`${what} at the Admin API: ${error.message}`);
    }
    const said = work.missing.length;
    const wanted: Side = mayBeUsed(goal) ? 'fallback' : 'primary';
    let seen = await see(wanted, work);
    // A node takes a change over a moment after it was written.
    for (const ms of work.writes.length > 0 ? AGAIN_MS : []) {
      if (seen === wanted) break;
      await unless(overtaken, new Promise((resolve) => setTimeout(resolve, ms)));
      work.missing.length = said;
      seen = await see(wanted, work);
    }
    view = { order: goal.order, seen, missing: seen === wanted ? [] : work.missing, object };
    const sightOf = (scope: string): Sight => {
      if (!holders.has(scope) || !goal.severed.has(scope)) return 'none';
      return seen === 'primary' ? 'refused' : 'unseen';
    };
    return {
      sights: new Map(scopes.map((scope) => [scope, sightOf(scope)])),
      ...{ missing: work.missing, drift: work.drift, writes: work.writes, cut: 0 },
      changed: changedBy(config.gateway, work.changed),
    };
  }

  return {
    name: `fallback ${name}`,
    required: true,
    beside: true,
    enforce,
    view: () => view,
    preview(scope, severed) {
      const forbidding = [...holders].filter((one) => one !== scope && severed.has(one));
      const why =
        forbidding.length > 0 ? heldToo(forbidding) : 'it stays at its primary until it is decided about anew';
      return {
        ...{ routes: [], others: [] },
        stays: holders.has(scope) ? [{ gateway: config.gateway, id: `fallback ${name}`, why }] : [],
      };
    },
    async close() {
      api.close();
      control.close();
    },
  };
}
