import type { IDataObject } from 'n8n-workflow';
import type { Answer } from '../shared/transport';

/** The longest that Pullcord waits before it answers (`?wait=`). Seconds. */
const ROUND_SECONDS = 30;

export interface Waiting {
  /** In all. 0 asks once. */
  readonly seconds: number;
  /** Asks how it stands; Pullcord answers when it is settled, or after so many seconds. */
  ask(waitSeconds: number): Promise<Answer>;
  isSettled(body: IDataObject): boolean;
}

/**
 * Asks until it is settled or the time is up, by Pullcord's own waiting. Counts what it asked for, not what the clock
 * says: an answer that comes too early can't make it ask for ever.
 * @returns the last answer. A failure after an answer brings along what was known before, under `facts`.
 */
export async function untilSettled({ seconds, ask, isSettled }: Waiting): Promise<Answer> {
  let left = seconds;
  let known: IDataObject | undefined;
  for (;;) {
    const wait = Math.min(left, ROUND_SECONDS);
    const answer = await ask(wait);
    if (!answer.ok) return known ? { ok: false, failure: { ...answer.failure, facts: known } } : answer;
    left -= wait;
    if (left <= 0 || isSettled(answer.body)) return answer;
    known = answer.body;
  }
}
