import type { Signal, Subject } from './signal';

/** A trip or a warning that goes on. */
export interface Episode {
  readonly level: Signal['level'];
  /** Its first signal. */
  readonly first: Signal;
  /** When its newest signal came. Epoch, in milliseconds. */
  readonly lastAt: number;
}

/** After so long without a signal it is over. */
const QUIET_MS = 600_000;
/** Subjects that are remembered; the one that was quiet for longest makes room. */
const CAPACITY = 10_000;

/** Tells what goes on from what has just begun: the same thing is told once. */
export class Episodes {
  private readonly running = new Map<string, Episode>();

  /** @returns whether it has just begun. A trip after a warning is something new, a warning during a trip isn't. */
  begins(signal: Signal): boolean {
    const name = nameOf(signal.subject);
    const known = this.of(signal.subject, signal.at);
    const isNew = known === undefined || (known.level === 'warn' && signal.level === 'trip');
    this.running.delete(name);
    this.running.set(name, { ...(isNew ? { level: signal.level, first: signal } : known), lastAt: signal.at });
    const [oldest] = this.running.keys();
    if (this.running.size > CAPACITY && oldest !== undefined) this.running.delete(oldest);
    return isNew;
  }

  of(subject: Subject, now: number): Episode | undefined {
    const known = this.running.get(nameOf(subject));
    return known && now - known.lastAt <= QUIET_MS ? known : undefined;
  }

  /** The worst level of any that goes on. @param now epoch, in milliseconds. */
  worst(now: number): Signal['level'] | undefined {
    let worst: Signal['level'] | undefined;
    for (const { level, lastAt } of this.running.values()) {
      if (now - lastAt > QUIET_MS) continue;
      if (level === 'trip') return level;
      worst = level;
    }
    return worst;
  }

  /** It is over: what comes is something new. */
  forget(subject: Subject): void {
    this.running.delete(nameOf(subject));
  }

  /** As JSON. */
  save(): readonly Episode[] {
    return [...this.running.values()];
  }

  load(saved: readonly Episode[]): void {
    for (const episode of saved) this.running.set(nameOf(episode.first.subject), episode);
  }
}

export const nameOf = ({ kind, id }: Subject): string => `${kind}:${id}`;
