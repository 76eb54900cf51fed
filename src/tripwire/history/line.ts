import { PLACES } from './spans';

/** What one key, one model, or all of them spent in every step of every span. Eleven kilobytes. */
export interface Line {
  readonly id: string;
  readonly usd: Float64Array;
  readonly tokens: Float64Array;
  /** What it spent before is in another line; -Infinity: it is all here. Epoch, in milliseconds. */
  since: number;
  /** How dear it is: what it spent, of which half is forgotten in a day. */
  score: number;
}

export const freshLine = (id: string, since = Number.NEGATIVE_INFINITY, score = 0): Line => ({
  ...{ id, since, score },
  usd: new Float64Array(PLACES),
  tokens: new Float64Array(PLACES),
});

export function spend(line: Line, place: number, usd: number, tokens: number): void {
  line.usd[place] = (line.usd[place] as number) + usd;
  line.tokens[place] = (line.tokens[place] as number) + tokens;
}

export function fold(line: Line, into: Line): void {
  for (let place = 0; place < PLACES; place += 1)
    spend(into, place, line.usd[place] as number, line.tokens[place] as number);
}
