import type { Leases } from '../ledger/leases';
import type { Alarms } from '../notify/alarms';

export interface TellerOptions {
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
  /** Undefined before the ledger is open. */
  readonly leases: () => Pick<Leases, 'claim' | 'release'> | undefined;
  /** How long a claim lasts that its holder does not renew. Milliseconds. */
  readonly holdMs?: number;
  /** How long the others are still silent when it is over here: they see it a little later. Milliseconds. */
  readonly lingerMs?: number;
}

const HOLD_MS = 90_000;
const LINGER_MS = 120_000;

/**
 * Of several instances that see the same trouble one tells of it: whoever holds its lease. What one alone sees, that one
 * tells. Fails towards telling: when the database does not answer every instance tells, rather twice than never.
 */
export class Teller {
  /** What stands here, and whether it is ours to tell. */
  private readonly standing = new Map<string, { text: string; ours: boolean; timer?: NodeJS.Timeout }>();
  private turn: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(private readonly options: TellerOptions) {}

  raise(key: string, text: string): void {
    if (this.closed) return;
    const one = { text, ours: false };
    this.standing.set(key, one);
    this.inTurn(() => this.claim(key, one));
  }

  clear(key: string, text: string): void {
    const one = this.standing.get(key);
    if (!one || this.closed) return;
    this.standing.delete(key);
    clearTimeout(one.timer);
    this.inTurn(async () => {
      // A claim that was under way may have set it going again.
      clearTimeout(one.timer);
      if (!one.ours) return;
      this.options.alarms.clear(key, text);
      const { leases, lingerMs = LINGER_MS } = this.options;
      await leases()
        ?.claim(leaseOf(key), { ms: lingerMs })
        .catch(() => undefined);
    });
  }

  /** What is told here is the next one's to tell. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { timer } of this.standing.values()) clearTimeout(timer);
    await this.turn;
    const leases = this.options.leases();
    const ours = [...this.standing].filter(([, { ours }]) => ours);
    await Promise.all(ours.map(([key]) => leases?.release(leaseOf(key)).catch(() => undefined)));
    this.standing.clear();
  }

  private async claim(key: string, one: { text: string; ours: boolean; timer?: NodeJS.Timeout }): Promise<void> {
    if (this.standing.get(key) !== one || this.closed) return;
    const { alarms, leases, holdMs = HOLD_MS } = this.options;
    const unheld = { held: true } as const;
    const claim =
      (await leases()
        ?.claim(leaseOf(key), { ms: holdMs })
        .catch(() => unheld)) ?? unheld;
    if (this.standing.get(key) !== one || this.closed) return;
    if (claim.held && !one.ours) {
      one.ours = true;
      alarms.raise(key, one.text);
    }
    const nextMs = claim.held ? holdMs / 3 : Math.min(holdMs / 3, Math.max(1, claim.leftMs));
    one.timer = setTimeout(() => this.inTurn(() => this.claim(key, one)), nextMs).unref();
  }

  /** One question at a time: the embedded database has one session. */
  private inTurn(work: () => Promise<void>): void {
    this.turn = this.turn.then(work).catch(() => undefined);
  }
}

const leaseOf = (key: string): string => `told ${key}`;
