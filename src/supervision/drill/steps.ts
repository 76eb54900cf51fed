import type { DrillStep, StepName } from './report';

/** A drill can't go on; the step that says why stands in the report. */
export class CannotGoOn extends Error {
  override readonly name = 'CannotGoOn';
}

/** What a step found out. */
export interface Seen {
  readonly detail?: string;
  /** How long it took, where that isn't the time of the step itself. Milliseconds. */
  readonly ms?: number;
  /** How much of the step's time was a wait for a fresh code, which shows nothing. Milliseconds. */
  readonly waitedMs?: number;
}

type Work = () => Promise<Seen | undefined>;

/** Writes down each step of a drill with its time. */
export class Steps {
  readonly all: DrillStep[] = [];
  /** For fresh codes, in all. Milliseconds. */
  waitedMs = 0;

  constructor(
    private readonly options: {
      readonly signal: AbortSignal;
      /** Milliseconds, on a clock that nobody sets. */
      readonly monotonic: () => number;
    },
  ) {}

  /**
   * What the work throws makes the step one that failed, in the error's words.
   * @returns whether it is ok
   * @throws the signal's reason when the drill is broken off meanwhile: then there is no such step
   */
  async take(name: StepName, work: Work, gateway?: string): Promise<boolean> {
    const { signal, monotonic } = this.options;
    signal.throwIfAborted();
    const began = monotonic();
    const about = gateway === undefined ? { name } : { name, gateway };
    try {
      const { detail, ms, waitedMs = 0 } = (await work()) ?? {};
      const took = ms ?? monotonic() - began - waitedMs;
      this.waitedMs += waitedMs;
      this.all.push({ ...about, ok: true, ms: Math.round(took), ...(detail === undefined ? {} : { detail }) });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const detail = error instanceof Error ? error.message : String(error);
      this.all.push({ ...about, ok: false, ms: Math.round(monotonic() - began), detail });
      return false;
    }
  }

  /** As `take`. @throws CannotGoOn when it is not ok */
  async must(name: StepName, work: Work): Promise<void> {
    if (!(await this.take(name, work))) throw new CannotGoOn();
  }

  /** One step at each of them, all at once. @returns those where it is ok */
  async each<T extends { readonly name: string }>(
    name: StepName,
    all: readonly T[],
    work: (one: T) => Promise<Seen | undefined>,
  ): Promise<readonly T[]> {
    const well = await Promise.all(all.map((one) => this.take(name, () => work(one), one.name)));
    return all.filter((_, i) => well[i]);
  }

  /** As `each`. @throws CannotGoOn when it is not ok everywhere */
  async mustEach<T extends { readonly name: string }>(
    name: StepName,
    all: readonly T[],
    work: (one: T) => Promise<Seen | undefined>,
  ): Promise<void> {
    if ((await this.each(name, all, work)).length < all.length) throw new CannotGoOn();
  }
}
