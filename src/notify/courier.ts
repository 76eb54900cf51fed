import type { Logger } from 'pino';
import type { Clock } from '../clock';
import { type Channel, isUrgent, type Notice, type Told } from './channel';

const MINUTE_MS = 60_000;

/** Afterwards it is news no more. */
const GIVE_UP_MS = 10 * MINUTE_MS;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = MINUTE_MS;

/** Notices that wait for one channel. The oldest that isn't urgent makes room. */
const CAPACITY = 100;

const CLOSE_MS = 1_000;

export interface CourierOptions {
  readonly channel: Channel;
  readonly logger: Logger;
  readonly now: Clock;
}

/**
 * Brings notices to one channel, one after the other, what is urgent first, again until they are told. In memory: what tells
 * that the database or the queue is away must not wait for them. Never throws, never holds anybody up.
 */
export class Courier {
  private readonly waiting: { readonly notice: Notice; readonly since: number }[] = [];
  private working: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private closing = false;

  constructor(private readonly options: CourierOptions) {}

  bring(notice: Notice): void {
    if (this.closing) return;
    if (this.waiting.length >= CAPACITY) this.makeRoom();
    this.waiting.splice(this.placeOf(notice), 0, { notice, since: this.options.now() });
    // News may mean that the way is open again.
    this.wake?.();
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
  }

  /** Tries once more to tell what waits, within a second. */
  async close(): Promise<void> {
    this.closing = true;
    this.wake?.();
    const { working } = this;
    if (!working) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([working, late]);
    clearTimeout(timer);
    for (const { notice } of this.waiting.splice(0)) this.lost(notice, 'the program ends');
  }

  /** What is urgent stands before what isn't, even if that is being tried again and again. */
  private placeOf(notice: Notice): number {
    if (!isUrgent(notice)) return this.waiting.length;
    return 1 + this.waiting.findLastIndex((one) => isUrgent(one.notice));
  }

  private makeRoom(): void {
    const dull = this.waiting.findIndex(({ notice }) => !isUrgent(notice));
    const [oldest] = this.waiting.splice(Math.max(0, dull), 1);
    this.lost(oldest?.notice, 'too many notices wait');
  }

  private async work(): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    for (let next = this.waiting[0]; next; next = this.waiting[0]) {
      const told = await this.tell(next.notice);
      const tooLate = this.closing || this.options.now() - next.since >= GIVE_UP_MS;
      if (told === 'retry' && !tooLate) {
        // Something urgent may have come before it.
        const overtaken = this.waiting[0] !== next;
        if (!overtaken) await this.sleep(waitMs);
        waitMs = overtaken ? FIRST_WAIT_MS : Math.min(2 * waitMs, LONGEST_WAIT_MS);
        continue;
      }
      if (told !== 'told') this.lost(next.notice, 'the channel did not take it');
      const place = this.waiting.indexOf(next);
      if (place >= 0) this.waiting.splice(place, 1);
      waitMs = FIRST_WAIT_MS;
    }
  }

  private async tell(notice: Notice): Promise<Told> {
    try {
      return await this.options.channel.tell(notice);
    } catch (error) {
      this.options.logger.error({ err: error, channel: this.options.channel.name }, 'a channel broke');
      return 'failed';
    }
  }

  private async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.closing) this.wake();
    });
    this.wake = undefined;
  }

  private lost(notice: Notice | undefined, why: string): void {
    const { channel, logger } = this.options;
    logger.error({ channel: channel.name, kind: notice?.kind, text: notice?.text }, `a notice was not told: ${why}`);
  }
}
