/** How a component fails towards Pullcord, on the wire between the two. */
export const FAULTS = {
  delay: 'each answer comes half a second late',
  trickle: 'each answer comes in drops',
  reset: 'each connection is reset before anything is done',
  half: 'it is done, and the connection breaks in the middle of the answer',
  error: 'it answers that it failed: 500',
  changed: 'each write is answered with 503 "value changed before overwritten"',
  hang: 'it takes everything, does nothing and answers nothing',
  'late answer': 'it is done at once, and the answer comes when nobody waits any more',
  'late write': 'it answers nothing, and does everything when the fault is over',
  lost: 'it is done, and the connection is reset in place of an answer',
  garbage: 'it answers at once, and what it says is not its language',
  oversized: 'it answers with a body that does not end',
  refused: 'connections are refused, and the open ones are cut',
} as const;

export type FaultName = keyof typeof FAULTS;

/** Stands between Pullcord and one component, passes everything on, and fails when it is told to. */
export interface FaultProxy {
  /**
   * Begins a fault, in the place of one that is on.
   * @param from left out: it is on from now on. Else it begins with the first request that fits: `POST /path`, or the
   * bytes of a protocol that isn't HTTP.
   */
  fault(name: FaultName, from?: RegExp): Promise<void>;
  /** Ends it. What was held is let go: carried out where the fault says so. */
  lift(): Promise<void>;
  /** How often something met the fault since it was ordered. */
  hits(): number;
  close(): Promise<void>;
}

/** Of the fault `delay`. Milliseconds. */
export const DELAY_MS = 500;

/** A fault that is on, or waits for what it begins with. */
export interface Ordered {
  readonly name: FaultName;
  readonly from: RegExp | undefined;
  begun: boolean;
  hits: number;
  /** Settles when it is lifted. */
  readonly over: Promise<void>;
  readonly end: () => void;
}

/** The one fault that a proxy has at a time. */
export class Switch {
  private current: Ordered | undefined;

  set(name: FaultName, from?: RegExp): void {
    this.end();
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.current = { name, from, begun: from === undefined, hits: 0, over, end };
  }

  end(): void {
    this.current?.end();
    this.ended = this.current?.hits ?? this.ended;
    this.current = undefined;
  }

  /** The fault that meets this request. */
  met(what: () => string): Ordered | undefined {
    const { current } = this;
    if (!current) return undefined;
    current.begun ||= current.from?.test(what()) ?? true;
    if (!current.begun) return undefined;
    current.hits += 1;
    return current;
  }

  /** One that nobody has to ask for anything: connections are refused. */
  hit(): void {
    if (this.current) this.current.hits += 1;
  }

  hits(): number {
    return this.current?.hits ?? this.ended;
  }

  private ended = 0;
}
