import { type Detection, WHOLE } from '../../detection';
import type { Increment } from '../../reading';
import type { Signal, Subject } from '../../signal';
import { nameOf } from '../trip';
import { Trace } from './trace';

/** What a picture tells of one subject. */
export interface Drawn {
  readonly subject: Subject;
  readonly trace: Trace;
  readonly trips: readonly TripMark[];
  /** All of them, also those beyond the ones that are kept. */
  readonly tripCount: number;
}

export interface TripMark {
  /** Epoch, in milliseconds. */
  readonly at: number;
  readonly reason: string;
}

/** Subjects that are drawn at most, and trips of each that are kept. */
const [SUBJECTS, TRIPS] = [512, 500];

interface Drawing {
  readonly subject: Subject;
  readonly trace: Trace;
  readonly trips: TripMark[];
  tripCount: number;
}

/** Gathers what a picture needs while a recording is replayed. */
export class Traces {
  private readonly drawings = new Map<string, Drawing>();
  /** Whether there were more subjects than are drawn. */
  isFull = false;

  /** @param wanted whether a subject is to be drawn. */
  constructor(private readonly wanted: (subject: Subject) => boolean) {}

  increment(increment: Increment, detection: Detection, team: string | undefined): void {
    this.add({ kind: 'key', id: increment.key }, increment, detection);
    if (team !== undefined) this.add({ kind: 'team', id: team }, increment, detection);
    this.add(WHOLE, increment, detection);
  }

  trip(signal: Signal, reason: string): void {
    const drawing = this.of(signal.subject);
    if (!drawing) return;
    drawing.tripCount += 1;
    if (drawing.trips.length < TRIPS) drawing.trips.push({ at: signal.at, reason });
  }

  /** All together first, then those who spent most. */
  all(): readonly Drawn[] {
    const rank = ({ subject, trace }: Drawn): number =>
      subject.kind === 'whole' ? Number.POSITIVE_INFINITY : trace.total.usd + trace.total.tokens * 1e-12;
    return [...this.drawings.values()]
      .filter(({ trace }) => trace.total.usd + trace.total.tokens > 0)
      .sort((a, b) => rank(b) - rank(a));
  }

  private add(subject: Subject, increment: Increment, detection: Detection): void {
    const drawing = this.of(subject);
    if (!drawing) return;
    drawing.trace.add(increment);
    if (!drawing.trace.wants(increment.to)) return;
    const outlook = detection.outlook(subject, increment.to);
    drawing.trace.expect(increment.to, outlook?.usualUsd, outlook?.tripUsd);
  }

  private of(subject: Subject): Drawing | undefined {
    if (!this.wanted(subject)) return undefined;
    const name = `${subject.kind}:${nameOf(subject)}`;
    const known = this.drawings.get(name);
    if (known) return known;
    if (this.drawings.size >= SUBJECTS) {
      this.isFull = true;
      return undefined;
    }
    const drawing: Drawing = { subject, trace: new Trace(), trips: [], tripCount: 0 };
    this.drawings.set(name, drawing);
    return drawing;
  }
}
