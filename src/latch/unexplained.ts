import type { State } from '../ledger/store';

export interface UnexplainedEvents {
  trouble(key: string, text: string): void;
  cleared(key: string, text: string): void;
}

const KEY = 'unexplained';

/**
 * Something is found cut, nothing is being restored, and no order explains it: another instance may have stopped it
 * while the ledger was away, and have died before it could say so. Law 3: only a person restores it.
 */
export class Unexplained {
  private readonly by = new Set<string>();

  constructor(private readonly events: UnexplainedEvents) {}

  /** @param state as it was just read. @returns whether this cutter has to leave cut what it found so. */
  is(cutter: string, state: State | undefined): boolean {
    if ([...(state?.latches.values() ?? [])].some((latch) => latch.state === 'restoring')) return false;
    this.by.add(cutter);
    this.events.trouble(
      KEY,
      `${[...this.by].join(', ')} refuses what no order explains: an instance that is down may have stopped it while the ledger was away. Start that one, or text CUT and then RESTORE`,
    );
    return true;
  }

  /** The cutter sees all as it should be. */
  over(cutter: string): void {
    if (this.by.delete(cutter) && this.by.size === 0)
      this.events.cleared(KEY, 'An order explains all that is refused.');
  }
}
