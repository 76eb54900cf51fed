import { nameOf } from './episodes';
import type { Budget } from './scrape/look';
import type { Signal, Subject } from './signal';

/** What a subject spends, as far as it is known. US dollars. */
export interface Pace {
  readonly lastMinute: number;
  readonly lastHour: number;
}

const HOUR_MS = 3_600_000;
/** It is told when a budget won't last for so long at the present rate. */
const SHORT_MS = HOUR_MS;
const CAPACITY = 20_000;

/**
 * Budgets that LiteLLM knows count as ceilings. LiteLLM itself stops whoever used one up, mostly; it is a trip for the
 * cases in which it doesn't. After a RESTORE a budget that is used up is known to whoever restored: it trips again when
 * it was raised, or began anew, and is used up again.
 */
export class Budgets {
  private readonly known = new Map<string, Budget>();
  /** Subjects whose budget was used up when their scope was restored, and the budget that it was. */
  private readonly accepted = new Map<string, number>();

  /** @param at epoch, in milliseconds. */
  take(subject: Subject, budget: Budget, pace: Pace | undefined, at: number): Signal | undefined {
    const name = nameOf(subject);
    this.remember(name, budget);
    const { maxUsd, remainingUsd, resetsAt } = budget;
    if (maxUsd === undefined || remainingUsd === undefined) return undefined;
    if (remainingUsd > 0 || this.accepted.get(name) !== maxUsd) this.accepted.delete(name);
    // What is not spent now was known long ago, or comes from a gauge that nobody set since.
    if (pace === undefined || pace.lastMinute <= 0) return undefined;
    const spentUsd = maxUsd - remainingUsd;
    const signal: Omit<Signal, 'level'> = {
      subject,
      at,
      rule: 'budget',
      unit: 'usd',
      windowSeconds: 0,
      observed: spentUsd,
      usual: 0,
      limit: maxUsd,
      since: at,
      beyondUsual: Math.max(0, -remainingUsd),
    };
    if (remainingUsd <= 0) return this.accepted.has(name) ? undefined : { ...signal, level: 'trip', usedUpAt: at };
    const usedUp = usedUpAt(budget, pace, at);
    if (usedUp === undefined || usedUp - at > SHORT_MS || (resetsAt !== undefined && resetsAt < usedUp))
      return undefined;
    return { ...signal, level: 'warn', usedUpAt: usedUp };
  }

  of(subject: Subject): Budget | undefined {
    return this.known.get(nameOf(subject));
  }

  /** The scope was restored by somebody who knows. */
  accept(subject: Subject): void {
    const { maxUsd, remainingUsd } = this.of(subject) ?? {};
    if (maxUsd !== undefined && remainingUsd !== undefined && remainingUsd <= 0)
      this.accepted.set(nameOf(subject), maxUsd);
  }

  private remember(name: string, budget: Budget): void {
    this.known.delete(name);
    const [oldest] = this.known.keys();
    if (this.known.size >= CAPACITY && oldest !== undefined) {
      this.known.delete(oldest);
      this.accepted.delete(oldest);
    }
    this.known.set(name, budget);
  }
}

/** When it is used up at the rate of the last hour. Epoch, in milliseconds; undefined when it isn't limited or spent. */
export function usedUpAt({ remainingUsd }: Budget, { lastHour }: Pace, at: number): number | undefined {
  if (remainingUsd === undefined || lastHour <= 0) return undefined;
  return at + (Math.max(0, remainingUsd) / lastHour) * HOUR_MS;
}
