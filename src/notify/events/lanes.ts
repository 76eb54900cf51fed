/** Of one subscription at once: a slow receiver holds up nobody but itself. */
const AT_ONCE = 4;
/** And so many that stand in line for it. Together far less than the queue's worker has slots. */
const IN_LINE = 8;

interface Lane {
  running: number;
  readonly line: (() => void)[];
}

/** Bounds what is under way for each subscription. */
export class Lanes {
  private readonly lanes = new Map<string, Lane>();

  /** Whether one more would find no place, not even in the line. */
  isFull(name: string): boolean {
    const lane = this.lanes.get(name);
    return lane !== undefined && lane.running >= AT_ONCE && lane.line.length >= IN_LINE;
  }

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(name) ?? { running: 0, line: [] };
    this.lanes.set(name, lane);
    if (lane.running >= AT_ONCE) await new Promise<void>((resolve) => lane.line.push(resolve));
    else lane.running += 1;
    try {
      return await work();
    } finally {
      // The place is handed on, so that nobody comes in between.
      const next = lane.line.shift();
      if (next) next();
      else if (--lane.running === 0) this.lanes.delete(name);
    }
  }
}
