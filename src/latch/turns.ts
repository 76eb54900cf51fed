import type { Clock } from '../clock';
import { ALWAYS, type Leave } from '../cutters/cutter';
import { bounded } from '../ledger/bounded';
import type { Leases } from '../ledger/leases';
import { type Answer, type Asked, isOvertaken, type Kept, LEASE_MS, mayCutUntil, mayReleaseUntil } from './turn';

/** A cut of an instance that did not take the order waits for the database no longer than this. Milliseconds. */
const CLAIM_MS = 500;
/** A database that did not answer is not asked again for so long. Milliseconds. */
const AWAY_MS = 1_000;
/** An answer counts for so long; a leave lasts longer, so that what is asked for with it can be used. Milliseconds. */
const FRESH_MS = 250;
/** A little later than the end of somebody else's lease. Milliseconds. */
const SLACK_MS = 20;

/** What a turn is asked for. */
export interface Aim {
  /** Number of the newest order. */
  readonly order: number;
  /** This instance took the order, and may cut for it without asking until then. Milliseconds, monotonic. */
  readonly ownUntil: number;
}

export interface TurnOptions {
  /** What is written to: whoever holds the lease of this name has it for itself. */
  readonly name: string;
  readonly leases: Pick<Leases, 'claim'>;
  readonly now: Clock;
  readonly monotonic: Clock;
  /** A later order is known to the database. Must not throw. */
  readonly onOvertaken: () => void;
  /** Somebody else's lease has run out. Must not throw. */
  readonly onFree: () => void;
}

/** One cutter's turns to write, among all instances. */
export class Turn {
  private asked: Asked | undefined;
  private asking: { readonly order: number; readonly answer: Promise<Asked> } | undefined;
  private kept: Kept | undefined;
  private free: NodeJS.Timeout | undefined;

  constructor(private readonly options: TurnOptions) {}

  async mayCut(aim: Aim): Promise<Leave | undefined> {
    if (this.options.monotonic() < aim.ownUntil) {
      // Beside the cut, never before it. Of a stop that the ledger doesn't know yet nobody else is told.
      if (Number.isFinite(aim.ownUntil)) void this.ask(aim.order);
      return this.leaveUntil(aim.ownUntil);
    }
    const asked = await this.ask(aim.order);
    const until = mayCutUntil(asked, this.kept);
    return until === undefined ? undefined : this.leaveUntil(until);
  }

  /** As far as the lease goes; the latches have to agree, too. */
  async mayRelease({ order }: Pick<Aim, 'order'>): Promise<Leave | undefined> {
    const until = mayReleaseUntil(await this.ask(order));
    return until === undefined ? undefined : this.leaveUntil(until);
  }

  close(): void {
    clearTimeout(this.free);
  }

  private ask(order: number): Promise<Asked> {
    const known = this.known(order);
    if (known) return Promise.resolve(known);
    if (this.asking?.order === order) return this.asking.answer;
    const answer = this.claim(order).finally(() => {
      if (this.asking?.answer === answer) this.asking = undefined;
    });
    this.asking = { order, answer };
    return answer;
  }

  /** The last answer, while it may be relied on. Of the others' "no" nothing is kept: it ends when they do. */
  private known(order: number): Asked | undefined {
    const { asked } = this;
    const now = this.options.monotonic();
    if (!asked || (asked.answer !== 'silent' && asked.order !== order)) return undefined;
    if (asked.answer === 'silent')
      return now - asked.answeredAt < AWAY_MS ? { ...asked, order, answeredAt: now } : undefined;
    return asked.answer.held && now - asked.askedAt < FRESH_MS ? asked : undefined;
  }

  private async claim(order: number): Promise<Asked> {
    const { leases, name, monotonic } = this.options;
    const askedAt = monotonic();
    const answer = await bounded(leases.claim(name, { ms: LEASE_MS, fence: order }), CLAIM_MS, 'the ledger').catch(
      (): Answer => 'silent',
    );
    const asked = { order, askedAt, answeredAt: monotonic(), answer };
    this.asked = asked;
    this.note(asked);
    return asked;
  }

  private note(asked: Asked): void {
    const { order, answer, answeredAt } = asked;
    if (answer === 'silent' || answer.held) {
      this.kept = undefined;
      return;
    }
    if (this.kept?.order !== order) this.kept = { order, since: answeredAt };
    clearTimeout(this.free);
    if (isOvertaken(asked)) this.options.onOvertaken();
    else this.free = setTimeout(this.options.onFree, answer.leftMs + SLACK_MS).unref();
  }

  /** Ends by whichever clock is further: a machine that was halted may go on with one that was, too. */
  private leaveUntil(until: number): Leave {
    const { now, monotonic } = this.options;
    const wallUntil = now() + until - monotonic();
    return { holds: () => monotonic() < until && now() < wallUntil };
  }
}

/** Where there is no other instance. */
export const alone: Pick<Turn, 'mayCut' | 'mayRelease' | 'close'> = {
  mayCut: async () => ALWAYS,
  mayRelease: async () => ALWAYS,
  close: () => undefined,
};
