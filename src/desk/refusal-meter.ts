import type { Entry } from '../ledger/store';
import type { RefusalReason } from '../orders/reasons';

/** How often a reason that keeps coming is written down. */
const EVERY_MS = 60_000;

/**
 * Puts refusals on paper without letting a flood fill it: the first of a reason at once, then one line a minute with
 * their number. Its memory is bounded by the closed list of reasons.
 */
export class RefusalMeter {
  private readonly counts = new Map<RefusalReason, { more: number; last: Readonly<Record<string, unknown>> }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly write: (entries: readonly Entry[]) => void) {}

  count(reason: RefusalReason, data: Readonly<Record<string, unknown>>): void {
    const known = this.counts.get(reason);
    if (known) {
      known.more += 1;
      known.last = data;
      return;
    }
    this.counts.set(reason, { more: 0, last: data });
    this.write([{ kind: 'refusal', data: { ...data, reason } }]);
    this.timer ??= setInterval(() => this.flush(), EVERY_MS).unref();
  }

  /** Writes what was only counted. */
  flush(): void {
    const entries = [...this.counts].flatMap(([reason, { more, last }]): Entry[] =>
      more > 0 ? [{ kind: 'refusal', data: { ...last, reason, count: more } }] : [],
    );
    this.counts.clear();
    clearInterval(this.timer);
    this.timer = undefined;
    if (entries.length > 0) this.write(entries);
  }
}
