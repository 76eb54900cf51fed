import type { Increment } from './reading';

export interface Sum {
  readonly usd: number;
  readonly tokens: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Models that are told apart; what comes beyond is summed up as `others`. */
const CAPACITY = 200;
const OTHERS = 'others';

/** What was spent on each model in the last hour and day, by the minute and by the hour. A kilobyte a model. */
export class Sums {
  private readonly models = new Map<string, { readonly minutes: Ring; readonly hours: Ring }>();

  take({ model, to, spendUsd, promptTokens, completionTokens }: Increment): void {
    const name = this.models.has(model) || this.models.size < CAPACITY ? model : OTHERS;
    const rings = this.models.get(name) ?? { minutes: new Ring(60, MINUTE_MS), hours: new Ring(24, HOUR_MS) };
    this.models.set(name, rings);
    for (const ring of Object.values(rings)) ring.add(to, spendUsd, promptTokens + completionTokens);
  }

  /** The dearest first; those that nobody used within a day are left out. @param now epoch, in milliseconds. */
  all(now: number): readonly { readonly model: string; readonly hour: Sum; readonly day: Sum }[] {
    for (const [model, { hours }] of this.models) if (!hours.isUsed(now)) this.models.delete(model);
    return [...this.models]
      .map(([model, { minutes, hours }]) => ({ model, hour: minutes.sum(now), day: hours.sum(now) }))
      .sort((a, b) => b.day.usd - a.day.usd || b.day.tokens - a.day.tokens);
  }
}

/** So many spans of time, round and round; the newest is the one that runs. */
class Ring {
  private readonly usd: Float64Array;
  private readonly tokens: Float64Array;
  private newest = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly size: number,
    private readonly spanMs: number,
  ) {
    this.usd = new Float64Array(size);
    this.tokens = new Float64Array(size);
  }

  add(at: number, usd: number, tokens: number): void {
    const span = this.spanOf(at);
    if (span <= this.newest - this.size) return;
    for (let s = Math.max(this.newest, span - this.size) + 1; s <= span; s += 1) {
      this.usd[s % this.size] = 0;
      this.tokens[s % this.size] = 0;
    }
    this.newest = Math.max(this.newest, span);
    const slot = span % this.size;
    this.usd[slot] = (this.usd[slot] ?? 0) + usd;
    this.tokens[slot] = (this.tokens[slot] ?? 0) + tokens;
  }

  isUsed(now: number): boolean {
    return this.spanOf(now) - this.newest < this.size;
  }

  sum(now: number): Sum {
    const end = this.spanOf(now);
    let [usd, tokens] = [0, 0];
    for (let s = Math.max(end, this.newest) - this.size + 1; s <= Math.min(end, this.newest); s += 1) {
      usd += this.usd[s % this.size] ?? 0;
      tokens += this.tokens[s % this.size] ?? 0;
    }
    return { usd, tokens };
  }

  private spanOf(at: number): number {
    return Math.floor(at / this.spanMs);
  }
}
