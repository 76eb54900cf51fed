import type { Increment } from '../../reading';
import type { Unit } from '../../signal';
import { Sliding } from './sliding';

/** The windows that a ceiling may have. */
export const windows = {
  perMinute: { seconds: 60, slots: 6, name: 'minute' },
  perHour: { seconds: 3_600, slots: 60, name: 'hour' },
  perDay: { seconds: 86_400, slots: 144, name: '24 hours' },
} as const;
export type Window = keyof typeof windows;

/** The fullest window of one day. */
export interface Peak {
  readonly amount: number;
  /** Epoch, in milliseconds. */
  readonly at: number;
}

const [DAY_MS, HOUR_MS, FIVE_MINUTES_MS] = [86_400_000, 3_600_000, 300_000];
/** Days that are remembered; the oldest makes room. */
const DAYS = 100;

/** What one subject spent, as far as ceilings and a profile can be read from it. Memory grows with the days alone. */
export class History {
  readonly total: Record<Unit, number> = { usd: 0, tokens: 0 };
  private readonly sliding = { usd: sliding(), tokens: sliding() };
  private readonly peaks = { usd: peaks(), tokens: peaks() };
  private readonly busy = { hours: 0, fives: 0, lastHour: Number.NaN, lastFive: Number.NaN };

  add({ from, to, spendUsd, promptTokens, completionTokens }: Increment): void {
    const amounts = { usd: spendUsd, tokens: promptTokens + completionTokens };
    for (const unit of ['usd', 'tokens'] as const) {
      if (amounts[unit] <= 0) continue;
      this.total[unit] += amounts[unit];
      for (const window of Object.keys(windows) as Window[])
        note(this.peaks[unit][window], this.sliding[unit][window].add(from, to, amounts[unit]), to);
    }
    this.noteBusy(to);
  }

  /** The fullest windows of all days on which something was spent. */
  peaksOf(unit: Unit, window: Window): readonly Peak[] {
    return [...this.peaks[unit][window].values()];
  }

  /** How full its hours are: of those in which something was spent, the share of five minutes that had some of it. */
  get fullness(): number {
    return this.busy.hours === 0 ? 0 : this.busy.fives / (12 * this.busy.hours);
  }

  private noteBusy(at: number): void {
    const { busy } = this;
    const [hour, five] = [Math.floor(at / HOUR_MS), Math.floor(at / FIVE_MINUTES_MS)];
    // What comes late counts once more at most.
    if (hour !== busy.lastHour) busy.hours += 1;
    if (five !== busy.lastFive) busy.fives += 1;
    Object.assign(busy, { lastHour: hour, lastFive: five });
  }
}

const sliding = () => ({
  perMinute: slidingFor('perMinute'),
  perHour: slidingFor('perHour'),
  perDay: slidingFor('perDay'),
});
const slidingFor = (window: Window): Sliding => new Sliding(windows[window].seconds * 1000, windows[window].slots);

const peaks = () => ({
  perMinute: new Map<number, Peak>(),
  perHour: new Map<number, Peak>(),
  perDay: new Map<number, Peak>(),
});

function note(days: Map<number, Peak>, amount: number, at: number): void {
  const day = Math.floor(at / DAY_MS);
  const before = days.get(day);
  if (before ? before.amount < amount : amount > 0) days.set(day, { amount, at });
  if (days.size > DAYS) days.delete(days.keys().next().value as number);
}
