import { z } from 'zod';
import type { Memory } from '../cutters/memory';
import type { Increment } from '../tripwire/reading';

export interface PurseOptions {
  readonly name: string;
  /** Models whose spend counts. */
  readonly models: readonly string[];
  /** Number of the decision that permits the fallback now; undefined while none does. */
  readonly permitted: () => number | undefined;
  readonly memory: Memory;
}

const keptSchema = z.object({ order: z.int(), usd: z.number().nonnegative() });

/** What a fallback has spent since it was permitted; over a restart, too. What isn't known is not nothing. */
export class Purse {
  private order: number | undefined;
  private usd = 0;
  /** What the memory has of it; undefined until that was asked. */
  private kept: number | undefined;
  private working: Promise<void> | undefined;

  constructor(private readonly options: PurseOptions) {}

  take({ model, spendUsd }: Pick<Increment, 'model' | 'spendUsd'>): void {
    const order = this.options.permitted();
    if (order === undefined || !this.options.models.includes(model)) return;
    this.begin(order);
    this.usd += spendUsd;
  }

  /** US dollars since that decision; undefined until it is known what an earlier life of this process had counted. */
  spent(order: number): number | undefined {
    this.begin(order);
    return this.kept === undefined ? undefined : this.usd;
  }

  /** Keeps what was counted, and reads what an earlier life had. Never throws: what can't be done is done next time. */
  keep(): Promise<void> {
    this.working ??= (this.kept === undefined ? this.read() : this.write())
      .catch(() => undefined)
      .finally(() => {
        this.working = undefined;
      });
    return this.working;
  }

  private get key(): string {
    return `fallback spend ${this.options.name}`;
  }

  private begin(order: number): void {
    if (this.order === order) return;
    // Until it was read, what is counted belongs to the decision that stands.
    if (this.kept !== undefined) [this.usd, this.kept] = [0, 0];
    this.order = order;
  }

  private async read(): Promise<void> {
    const read = keptSchema.safeParse(await this.options.memory.get(this.key));
    this.order ??= this.options.permitted();
    const before = read.success && read.data.order === this.order ? read.data.usd : 0;
    this.usd += before;
    this.kept = before;
  }

  private async write(): Promise<void> {
    const { order, usd } = this;
    if (order === undefined || usd === this.kept) return;
    await this.options.memory.set(this.key, { order, usd });
    this.kept = usd;
  }
}
