import { type Bounds, boundsOf, withCeilings } from './detect/bounds';
import { gapOf } from './detect/gap';
import { DAYS_KEPT } from './detect/levels';
import { isFree, observeInPlace } from './detect/observe';
import { type Outlook, outlookOf } from './detect/outlook';
import { loadState, type SavedState, saveState } from './detect/saved';
import { freshState, rearm, type SubjectState, tellAgain } from './detect/state';
import { addToTotals, loadTotals, newestOf, noTotals, saveTotals, type Totals } from './detect/totals';
import { Feed } from './feed/feed';
import type { FeedState } from './feed/saved';
import type { Increment, Reading } from './reading';
import type { Ceiling, SubjectSettings } from './settings';
import type { Signal, Subject, Unit } from './signal';

export interface DetectionOptions {
  /** How a subject is watched; asked once for each subject. */
  readonly settingsOf: (subject: Subject) => SubjectSettings;
  /** Ceilings that hold for every subject just now, beside its own. */
  readonly ceilings?: (() => readonly Ceiling[]) | undefined;
  /** The team that a key belongs to, if any. */
  readonly teamOf?: (key: string) => string | undefined;
  /** Told of all that was spent, before the detectors look at it: for sums and pictures. */
  readonly onIncrement?: (increment: Increment) => void;
  /** Subjects that are watched by themselves; what others spend counts for the whole. */
  readonly capacity?: number;
}

export const WHOLE: Subject = { kind: 'whole', id: '*' };

/** Of what `save` gives. */
const VERSION = 1;

export interface Saved {
  readonly version: number;
  readonly feed: FeedState;
  readonly subjects: readonly SavedSubject[];
}

interface SavedSubject {
  readonly subject: Subject;
  readonly totals: unknown;
  readonly states: Readonly<Record<string, SavedState>>;
}

/** One of what `Detection.parts` gives, in that order. */
export type SavedPart = Pick<Saved, 'version'> | SavedSubject | Pick<Saved, 'feed'>;

interface Known {
  readonly subject: Subject;
  readonly settings: SubjectSettings;
  readonly totals: Totals;
  /** Made when something of the unit is spent for the first time. */
  readonly states: Partial<Record<Unit, SubjectState>>;
}

const SUBJECTS_CAPACITY = 50_000;
/** Of a subject that has spent nothing for so long nothing is remembered: it makes room when room is wanted. Seconds. */
const FORGOTTEN_AFTER_SECONDS = DAYS_KEPT * 86_400;

/**
 * From counters to signals: the same for the live watch and for a replay. Holds some ten kilobytes a key, and a
 * hundred bytes and more for each of its active hours, of two weeks at most. No I/O, no
 * clock, no chance: the same readings give the same signals.
 */
export class Detection {
  private readonly feed = new Feed();
  private readonly subjects = new Map<string, Known>();
  private refusals = 0;
  private clearedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: DetectionOptions) {}

  /** A look at a source, before its readings, of which there may be none. @param at epoch, in milliseconds. */
  look(source: string, at: number, process?: string): void {
    this.feed.look(source, at, process);
  }

  /** One reading; readings of one series come in the order in which they were made, late ones are borne. */
  take(reading: Reading): readonly Signal[] {
    const increment = this.feed.take(reading);
    return increment ? this.spend(increment) : [];
  }

  /** How often something was refused for want of room so far: while it grows, something is not watched by itself. */
  get refused(): number {
    return this.feed.refused + this.refusals;
  }

  /** What is to be said of a subject at this time, in milliseconds; undefined for one that has spent nothing yet. */
  outlook(subject: Subject, at: number): Outlook | undefined {
    const known = this.subjects.get(nameOf(subject));
    return known && outlookOf(known.states.usd, known.totals, known.settings, at / 1000);
  }

  /** What bounds the spend of a subject in a step of time that is under way. @param at epoch, in milliseconds. */
  bounds(subject: Subject, at: number, stepMs: number): Bounds {
    const known = this.subjects.get(nameOf(subject));
    const settings = known?.settings ?? this.options.settingsOf(subject);
    const all = withCeilings(settings, this.options.ceilings?.() ?? []);
    return boundsOf(known?.states.usd, all, at / 1000, stepMs / 1000);
  }

  /** All that have spent something. */
  all(): readonly Subject[] {
    return [...this.subjects.values()].map(({ subject }) => subject);
  }

  /**
   * The subject's scope was restored: what was spent before counts for nothing any more, in no window and for no
   * ceiling, and everything is armed at once. What was learnt before the incident stays, and nothing of it joins.
   * @param at epoch, in milliseconds.
   */
  rearm(subject: Subject, at: number): void {
    const known = this.subjects.get(nameOf(subject));
    for (const state of Object.values(known?.states ?? {})) rearm(state, at / 1000);
  }

  /** All that has to survive a restart, as JSON. */
  save(): Saved {
    return { version: VERSION, feed: this.feed.save(), subjects: [...this.subjects.values()].map(savedSubject) };
  }

  /**
   * The same bit by bit, for more keys than can be saved in one turn. The counters come last: what is spent meanwhile
   * is in them already, and is not counted twice by whoever goes on from here.
   */
  *parts(): Generator<SavedPart> {
    yield { version: VERSION };
    for (const known of this.subjects.values()) yield savedSubject(known);
    yield { feed: this.feed.save() };
  }

  /**
   * For a detection that has seen nothing yet.
   * @returns false when it can't be read: everything is learnt afresh, and that is trouble.
   */
  load(saved: unknown): boolean {
    try {
      const { version, feed, subjects } = saved as Saved;
      if (version !== VERSION) return false;
      for (const subject of subjects) this.loadSubject(subject);
      this.feed.load(feed);
      return true;
    } catch {
      this.forget();
      return false;
    }
  }

  /** One of the parts that `parts` gave, in that order. @throws Error when it can't be read: then `forget` the others. */
  loadPart(part: unknown): void {
    const { version, feed } = part as Partial<Saved>;
    if (feed !== undefined) this.feed.load(feed);
    else if (version === undefined) this.loadSubject(part as SavedSubject);
    else if (version !== VERSION) throw new Error(`it was saved as version ${version}, and this is ${VERSION}`);
  }

  /** As if nothing had been loaded. */
  forget(): void {
    this.subjects.clear();
  }

  private loadSubject({ subject, totals, states }: SavedSubject): void {
    const { kind, id } = subject;
    const known: Known = {
      ...{ subject: { kind, id }, settings: this.options.settingsOf(subject), totals: loadTotals(totals) },
      states: Object.fromEntries(Object.entries(states).map(([unit, state]) => [unit, loadState(state)])),
    };
    for (const state of Object.values(known.states)) tellAgain(state);
    this.subjects.set(nameOf(subject), known);
  }

  private spend(increment: Increment): readonly Signal[] {
    this.options.onIncrement?.(increment);
    const team = this.options.teamOf?.(increment.key);
    // Calls of several keys that look alike by chance are no loop: in a sum, each key's models are its own.
    const ofSum = { ...increment, model: `${increment.key} ${increment.model}` };
    return [
      ...this.observe({ kind: 'key', id: increment.key }, increment),
      ...(team === undefined ? [] : this.observe({ kind: 'team', id: team }, ofSum)),
      ...this.observe(WHOLE, ofSum),
    ];
  }

  private observe(subject: Subject, increment: Increment): readonly Signal[] {
    const known = this.knownOf(subject, increment.to / 1000);
    if (!known) return [];
    const { states, totals } = known;
    const settings = withCeilings(known.settings, this.options.ceilings?.() ?? []);
    const tokens = increment.promptTokens + increment.completionTokens;
    addToTotals(totals, increment.to / 1000, { usd: increment.spendUsd, tokens }, gapOf(increment));
    return (['usd', 'tokens'] as const).flatMap((unit) => {
      if (!states[unit] && !watches(settings, unit, increment)) return [];
      const { state, signals } = observeInPlace(states[unit] ?? freshState(), increment, { ...settings, unit });
      states[unit] = state;
      return signals.map((signal) => ({ ...signal, subject }));
    });
  }

  private knownOf(subject: Subject, at: number): Known | undefined {
    const name = nameOf(subject);
    const known = this.subjects.get(name);
    if (known) return known;
    const { settingsOf, capacity = SUBJECTS_CAPACITY } = this.options;
    if (this.subjects.size >= capacity) this.makeRoom(at);
    if (this.subjects.size >= capacity && subject.kind !== 'whole') {
      this.refusals += 1;
      return undefined;
    }
    const fresh = { subject, settings: settingsOf(subject), totals: noTotals(), states: {} };
    this.subjects.set(name, fresh);
    return fresh;
  }

  private makeRoom(at: number): void {
    // At most once an hour: it looks at all of them.
    if (at < this.clearedAt + 3_600) return;
    this.clearedAt = at;
    for (const [name, { totals }] of this.subjects)
      if (newestOf(totals) < at - FORGOTTEN_AFTER_SECONDS) this.subjects.delete(name);
  }
}

const savedSubject = ({ subject, states, totals }: Known): SavedSubject => ({
  ...{ subject, totals: saveTotals(totals) },
  states: Object.fromEntries(Object.entries(states).map(([unit, state]) => [unit, saveState(state)])),
});

/** Tokens are watched where they cost nothing, and where there is a ceiling for them. */
const watches = ({ ceilings }: SubjectSettings, unit: Unit, increment: Increment): boolean =>
  isFree(increment) === (unit === 'tokens') || (unit === 'tokens' && ceilings.some((one) => one.unit === 'tokens'));

const nameOf = ({ kind, id }: Subject): string => `${kind}:${id}`;
