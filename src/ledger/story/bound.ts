import type { Step, StepKind } from './steps';

/** Refusals of one reason and one person that are told one by one; the others together. */
const REFUSALS_TOLD = 3;
/** Steps of one story. */
const STEPS = 300;
/** What a story can't do without. */
const SPINE: ReadonlySet<StepKind> = new Set(['order', 'severed', 'restored', 'tripped', 'fallback', 'other']);

/** A flood of refusals as its first ones and one sentence about the rest, where that ended. Pure. @param steps in order. */
export function calm(steps: readonly Step[]): Step[] {
  const floods = new Map<string, Step[]>();
  for (const step of steps)
    if (step.kind === 'refusal') floods.set(keyOf(step), [...(floods.get(keyOf(step)) ?? []), step]);
  return steps.flatMap((step) => {
    const flood = floods.get(keyOf(step));
    if (step.kind !== 'refusal' || !flood || flood.length <= REFUSALS_TOLD + 1) return [step];
    if (flood.indexOf(step) < REFUSALS_TOLD) return [step];
    return step === flood.at(-1) ? [together(flood.slice(REFUSALS_TOLD), step)] : [];
  });
}

const keyOf = ({ who, evidence }: Step): string => JSON.stringify([who, evidence?.reason]);

function together(rest: readonly Step[], last: Step): Step {
  const count = rest.reduce((sum, { evidence }) => sum + countIn(evidence), 0);
  const from = new Date(rest[0]?.at ?? last.at).toISOString();
  const { reason } = last.evidence ?? {};
  return {
    ...last,
    text: `${last.who ?? 'Somebody'} was refused ${count} more times since ${from}: ${String(reason).replaceAll('-', ' ')}.`,
    evidence: { reason, count, from },
  };
}

const countIn = (evidence: Step['evidence']): number => (typeof evidence?.count === 'number' ? evidence.count : 1);

/** Not more steps than anybody reads: of what isn't an order or its end, the first and the last. Pure. */
export function bound(steps: readonly Step[]): { readonly timeline: readonly Step[]; readonly truncated: boolean } {
  if (steps.length <= STEPS) return { timeline: steps, truncated: false };
  const spine = steps.filter(({ kind }) => SPINE.has(kind));
  const kept = new Set(ends(spine, STEPS));
  const others = steps.filter((step) => !SPINE.has(step.kind));
  for (const step of ends(others, STEPS - kept.size)) kept.add(step);
  return { timeline: steps.filter((step) => kept.has(step)), truncated: true };
}

/** The first half and the last. */
function ends<T>(list: readonly T[], room: number): readonly T[] {
  if (list.length <= room) return list;
  const first = Math.ceil(room / 2);
  return [...list.slice(0, first), ...list.slice(list.length - (room - first))];
}
