import type { Signal, Subject } from '../signal';

/** One trip, for a program. */
export interface Trip {
  /** Epoch, in seconds. */
  readonly ts: number;
  readonly key: string;
  readonly reason: string;
}

/** Whose it is, in one word: a key as it is called in the recording, `team:<id>`, or `*` for all together. */
export const nameOf = ({ kind, id }: Subject): string => (kind === 'team' ? `team:${id}` : id);

export const tripOf = (signal: Signal, reason: string): Trip => ({
  ts: signal.at / 1000,
  key: nameOf(signal.subject),
  reason,
});
