import type { Report, Sight } from '../cutters/cutter';
import type { Latch } from './latch';

/** The newest report of one cutter, and the goal that it was made for. */
export interface Seen {
  readonly cutter: string;
  readonly required: boolean;
  /** It is no gateway of its own. */
  readonly beside?: true | undefined;
  /** Number of the newest order that the goal knew; an older goal proves nothing about a newer latch. */
  readonly order: number;
  /** How many stops without a number the goal knew. */
  readonly stops: number;
  readonly severed: ReadonlySet<string>;
  readonly report: Report;
}

/** What a sight has to follow upon. */
export interface Since {
  /** Number of the order that set the latch. */
  readonly order: number;
  /** As in `Seen`. Left out: none came without a number. */
  readonly stops?: number | undefined;
}

/** What all cutters together saw of one scope. */
export interface ScopeSight {
  readonly sight: Sight;
  /** How many required cutters saw it. */
  readonly gateways: number;
  readonly cut: number;
  readonly missing: readonly string[];
}

/**
 * Law 5, seen and not assumed: a scope is `refused` only when every required cutter has seen the refusal under a goal
 * that cuts it, and at least one has something to do with it. Fails towards `unseen`.
 */
export function sightOf(scope: string, cut: boolean, since: Since, seen: readonly Seen[]): ScopeSight {
  const wanted: Sight = cut ? 'refused' : 'served';
  const required = seen.filter((one) => one.required);
  const current = required.filter((one) => isCurrent(one, scope, cut, since));
  const sights = current.map((one) => one.report.sights.get(scope) ?? 'unseen');
  const seeing = current.filter((_, i) => sights[i] === wanted);
  // What stands beside the gateways counts among them only where nothing else has to do with the scope.
  const gateways = seeing.filter(({ beside }) => !beside).length || seeing.length;
  // Where no route is left there is nothing to refuse, but nothing to give back either.
  const enough = gateways > 0 || (!cut && required.length > 0);
  const complete =
    current.length === required.length && enough && sights.every((sight) => sight === wanted || sight === 'none');
  const late = required.filter((one) => !current.includes(one)).map((one) => `${one.cutter} has not reported yet`);
  const nowhere =
    cut && required.length > 0 && sights.length === required.length && sights.every((sight) => sight === 'none')
      ? [`${scope} matches no route on any gateway`]
      : [];
  return {
    sight: complete ? wanted : 'unseen',
    gateways,
    cut: required.reduce((sum, { report }) => sum + (report.cutOf?.get(scope) ?? report.cut), 0),
    missing: complete ? [] : [...nowhere, ...late, ...current.flatMap((one) => one.report.missing)],
  };
}

/** Whether its report was made for a goal that knew of this latch. */
const isCurrent = (one: Seen, scope: string, cut: boolean, { order, stops = 0 }: Since): boolean =>
  one.order >= order && one.stops >= stops && one.severed.has(scope) === cut;

/** What one cutter saw of one scope. */
export interface OneSight {
  readonly seen: boolean;
  readonly missing: readonly string[];
}

/** The same of one cutter alone; undefined where it has nothing to do with the scope. Fails towards "not seen". */
export function sightOfOne(scope: string, cut: boolean, since: Since, one: Seen): OneSight | undefined {
  if (!isCurrent(one, scope, cut, since)) return { seen: false, missing: [`${one.cutter} has not reported yet`] };
  const sight = one.report.sights.get(scope) ?? 'unseen';
  if (sight === 'none') return undefined;
  const seen = sight === (cut ? 'refused' : 'served');
  return { seen, missing: seen ? [] : one.report.missing };
}

/** The latch that follows when the goal has been seen; undefined while it has not. */
export function settled(latch: Latch, seen: readonly Seen[], now: number): Latch | undefined {
  const cut = latch.state === 'severing';
  if (!cut && latch.state !== 'restoring') return undefined;
  const { sight } = sightOf(latch.scope, cut, latch, seen);
  if (cut) return sight === 'refused' ? { ...latch, state: 'severed', since: now } : undefined;
  if (sight !== 'served') return undefined;
  return { scope: latch.scope, state: 'live', order: latch.order, since: now };
}
