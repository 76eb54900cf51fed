import { freshState, type Outlook, observe, outlookOf, type SubjectState } from './detect/observe';
import { Feed } from './feed/feed';
import type { Increment, Reading } from './reading';
import type { SubjectSettings } from './settings';
import type { Signal, Subject } from './signal';

export interface DetectionOptions {
  /** How a subject is watched; asked once for each subject, and again after `changed`. */
  readonly settingsOf: (subject: Subject) => SubjectSettings;
  /** The team that a key belongs to, if any. */
  readonly teamOf?: (key: string) => string | undefined;
  /** Told of all that was spent, before the detectors look at it: for sums and pictures. */
  readonly onIncrement?: (increment: Increment) => void;
}

export const WHOLE: Subject = { kind: 'whole', id: '*' };

/**
 * From counters to signals: the same for the live watch and for a replay. Holds a few kilobytes a key. No I/O, no
 * clock, no chance: the same readings give the same signals.
 */
export class Detection {
  private readonly feed = new Feed();
  private readonly subjects = new Map<
    string,
    { readonly subject: Subject; state: SubjectState; settings: SubjectSettings }
  >();

  constructor(private readonly options: DetectionOptions) {}

  /** One reading; readings of one series come in the order in which they were made, late ones are borne. */
  take(reading: Reading): readonly Signal[] {
    const increment = this.feed.take(reading);
    return increment ? this.spend(increment) : [];
  }

  /** What is to be said of a subject at this time; undefined for one that has spent nothing yet. */
  outlook(subject: Subject, at: number): Outlook | undefined {
    const known = this.subjects.get(nameOf(subject));
    return known && outlookOf(known.state, known.settings, at);
  }

  /** All that have spent something. */
  all(): readonly Subject[] {
    return [...this.subjects.values()].map(({ subject }) => subject);
  }

  /** The scope was restored: what was spent before counts for nothing any more, and all is armed at once. */
  rearm(_subject: Subject, _at: number): void {
    // TODO with the detectors
  }

  /** All that has to survive a restart, as JSON. */
  save(): unknown {
    return {};
  }

  /** @returns false when it can't be read: everything is learnt afresh, and that is trouble. */
  load(_saved: unknown): boolean {
    return true;
  }

  private spend(increment: Increment): readonly Signal[] {
    this.options.onIncrement?.(increment);
    const team = this.options.teamOf?.(increment.key);
    return [
      ...this.observe({ kind: 'key', id: increment.key }, increment),
      ...(team === undefined ? [] : this.observe({ kind: 'team', id: team }, increment)),
      ...this.observe(WHOLE, increment),
    ];
  }

  private observe(subject: Subject, increment: Increment): readonly Signal[] {
    const name = nameOf(subject);
    const known = this.subjects.get(name) ?? {
      ...{ subject, state: freshState(), settings: this.options.settingsOf(subject) },
    };
    this.subjects.set(name, known);
    const { state, signals } = observe(known.state, increment, known.settings);
    known.state = state;
    return signals.map((signal) => ({ ...signal, subject }));
  }
}

const nameOf = ({ kind, id }: Subject): string => `${kind}:${id}`;
