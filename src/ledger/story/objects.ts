import { type Change, HIDDEN } from '../../cutters/changed';
import { canonicalJson } from '../chain';
import type { Line } from '../store';

/** What was changed of one object of a gateway while the incident lasted. */
export interface ObjectDiff {
  readonly gateway: string;
  /** As the Admin API names it: `routes/17`. */
  readonly object: string;
  readonly changes: readonly Change[];
  /** Whether it is again as it was. */
  readonly restored: boolean;
}

/** One object, write by write. */
interface Course {
  readonly gateway: string;
  readonly object: string;
  readonly paths: Map<string, Change[]>;
  /** Of the last write: whether it brought back what was, where the writer said so. */
  exact: boolean | undefined;
}

/** The diffs that the lines of writes tell of: what was before the first write, and what the cut made of it. Pure. */
export function objectsOf(lines: readonly Line[]): ObjectDiff[] {
  const courses = new Map<string, Course>();
  for (const { kind, data } of lines) if (kind === 'write') follow(courses, data.objects);
  return [...courses.values()].flatMap((course) => diffOf(course) ?? []);
}

function follow(courses: Map<string, Course>, written: unknown): void {
  for (const one of listOf(written)) {
    const { gateway, objects, changes, exact } = (one ?? {}) as Readonly<Record<string, unknown>>;
    for (const object of listOf(objects)) {
      if (typeof gateway !== 'string' || typeof object !== 'string') continue;
      const key = `${gateway} ${object}`;
      const course = courses.get(key) ?? { gateway, object, paths: new Map(), exact: undefined };
      courses.set(key, course);
      course.exact = typeof exact === 'boolean' ? exact : undefined;
      for (const change of listOf(changes) as readonly Change[])
        course.paths.set(change.path, [...(course.paths.get(change.path) ?? []), change]);
    }
  }
}

function diffOf({ gateway, object, paths, exact }: Course): ObjectDiff | undefined {
  let restored = exact !== false;
  const changes = [...paths].flatMap(([path, steps]): Change[] => {
    const before = steps[0]?.before;
    const last = steps.at(-1)?.after;
    // Of what is hidden only the writer knows whether it is the same.
    if (isHidden(before) || isHidden(last) ? exact !== true : !same(last, before)) restored = false;
    const cut = steps.filter(({ after }) => !same(after, before)).at(-1);
    // Hidden on both sides: that it was changed is all that can be told.
    const told = cut ?? steps[0];
    return told ? [{ path, ...given('before', before), ...given('after', told.after) }] : [];
  });
  return changes.length === 0 ? undefined : { gateway, object, changes, restored };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isHidden = (value: unknown): boolean => canonicalJson(value)?.includes(HIDDEN) ?? false;
const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);
const given = (name: 'before' | 'after', value: unknown) => (value === undefined ? {} : { [name]: value });
