/** Whose an event is: what belongs to a program that crashed never happens. */
export interface Life {
  alive: boolean;
}

/** Who never dies: the network, the other side. */
export const NOBODY: Life = { alive: true };

interface Event {
  readonly at: number;
  readonly serial: number;
  readonly owner: Life | undefined;
  readonly happen: () => unknown;
  cancelled: boolean;
}

const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = globalThis;
const realNow = performance.now;

/** Lets everything run that waits for nothing but its turn. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Time that moves from one event to the next and stands still in between, so that a sequence of hours takes
 * milliseconds, and the same sequence is the same again. While it is installed every timer of the code under test is an
 * event of it. Timers that are set while an event happens belong to whom that event belongs to.
 */
export class VirtualTime {
  /** Milliseconds since the beginning. */
  now = 0;
  /** How many events have happened. */
  happened = 0;
  private owner: Life | undefined;
  private readonly events: Event[] = [];
  private serial = 0;
  private readonly outside = new Set<Promise<unknown>>();

  install(): void {
    const cancel = (event: Event | undefined): void => {
      if (event) event.cancelled = true;
    };
    const timer = (happen: () => unknown, ms = 0): Event => this.after(ms, happen);
    const interval = (happen: () => unknown, ms = 0): Event => {
      const handle = { ...this.after(ms, () => undefined), cancelled: false, unref: () => handle, ref: () => handle };
      const again = (): void => {
        if (handle.cancelled) return;
        happen();
        this.after(ms, again);
      };
      this.after(ms, again);
      return handle;
    };
    Object.assign(globalThis, {
      setTimeout: timer,
      clearTimeout: cancel,
      setInterval: interval,
      clearInterval: cancel,
    });
    performance.now = () => this.now;
  }

  uninstall(): void {
    Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval });
    performance.now = realNow;
  }

  /** @param owner left out: whoever sets it. */
  after(ms: number, happen: () => unknown, owner: Life | undefined = this.owner): Event {
    this.serial += 1;
    const event = { at: this.now + Math.max(0, ms), serial: this.serial, owner, happen, cancelled: false };
    const handle = Object.assign(event, { unref: () => handle, ref: () => handle }) as Event;
    let place = this.events.length;
    while (place > 0 && later(this.events[place - 1], event)) place -= 1;
    this.events.splice(place, 0, handle);
    return handle;
  }

  /** Does the work as this owner, and lets it go as far as it goes without waiting. */
  async as<T>(owner: Life | undefined, work: () => T): Promise<T> {
    this.owner = owner;
    const result = work();
    await settle();
    this.owner = undefined;
    return result;
  }

  /** Time stands still for what really takes some. */
  async wait<T>(work: Promise<T>): Promise<T> {
    this.outside.add(work);
    try {
      return await work;
    } finally {
      this.outside.delete(work);
    }
  }

  /** The next event happens. False when there is none before `until`. */
  async step(until = Number.POSITIVE_INFINITY): Promise<boolean> {
    for (;;) {
      const [event] = this.events;
      if (!event || event.at > until) {
        if (Number.isFinite(until)) this.now = Math.max(this.now, until);
        return false;
      }
      this.events.shift();
      if (event.cancelled || event.owner?.alive === false) continue;
      this.now = event.at;
      this.happened += 1;
      this.owner = event.owner;
      event.happen();
      await settle();
      while (this.outside.size > 0) {
        await Promise.allSettled(this.outside);
        await settle();
      }
      this.owner = undefined;
      return true;
    }
  }

  async run(ms: number): Promise<void> {
    const end = this.now + ms;
    while (await this.step(end));
  }

  /** @returns whether the condition came true within that time. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const end = this.now + ms;
    while (!condition()) if (!(await this.step(end))) return condition();
    return true;
  }
}

const later = (one: Event | undefined, other: Event): boolean =>
  one !== undefined && (one.at > other.at || (one.at === other.at && one.serial > other.serial));
