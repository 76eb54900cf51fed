import { LUMPED } from '../scrape/look';
import { fold, freshLine, type Line } from './line';

/** Of those that have no line of their own it is remembered how dear they are; the one that came first makes room. */
const REMEMBERED = 20_000;
/** A line changes hands when somebody else is dearer by so much: two that are alike must not change it by turns. */
const CLEARLY = 1.25;

export const OTHER = 'other';

/**
 * Lines for the dearest keys, or models, and one for all the rest. Whoever becomes dear has a line from then on, and
 * the least dear one's goes to the rest: nothing is lost, and nothing is told twice.
 */
export class Dearest {
  readonly named = new Map<string, Line>();
  readonly other = freshLine(OTHER);
  private readonly rest = new Map<string, { score: number }>();
  /** No score lies below. */
  private least = 0;
  /** Whether somebody may have spent in `other` of whom nothing is remembered. */
  private forgot = false;

  constructor(private readonly capacity: number) {}

  /** The line that counts it. @param worth what it adds to the score. @param at epoch, in milliseconds. */
  lineOf(id: string, worth: number, at: number): Line {
    if (id === LUMPED) return this.other;
    const own = this.named.get(id);
    if (own) {
      own.score += worth;
      return own;
    }
    const waiting = this.rest.get(id);
    const score = (waiting?.score ?? 0) + worth;
    if (this.named.size >= this.capacity && !this.makeRoom(score)) {
      if (waiting) waiting.score = score;
      else this.remember(id, score);
      return this.other;
    }
    const line = freshLine(id, waiting || this.forgot ? at : Number.NEGATIVE_INFINITY, score);
    this.rest.delete(id);
    this.named.set(id, line);
    return line;
  }

  all(): readonly Line[] {
    return [...this.named.values(), this.other];
  }

  /** All scores in another measure. */
  scale(by: number): void {
    for (const line of this.named.values()) line.score *= by;
    for (const one of this.rest.values()) one.score *= by;
    this.least *= by;
  }

  /** Of one that has seen nothing yet. Whoever comes new may have spent in `other` before. */
  load(named: readonly Line[], other: Line): void {
    for (const line of named.slice(0, this.capacity)) this.named.set(line.id, line);
    for (const line of [...named.slice(this.capacity), other]) fold(line, this.other);
    this.forgot = [...this.other.usd, ...this.other.tokens].some((amount) => amount > 0);
  }

  private makeRoom(score: number): boolean {
    // What is spent only adds to a score: a bound that held goes on to hold.
    if (score <= CLEARLY * this.least) return false;
    let cheapest: Line | undefined;
    for (const line of this.named.values()) if (!cheapest || line.score < cheapest.score) cheapest = line;
    if (!cheapest) return false;
    this.least = cheapest.score;
    if (score <= CLEARLY * cheapest.score) return false;
    this.named.delete(cheapest.id);
    fold(cheapest, this.other);
    this.remember(cheapest.id, cheapest.score);
    return true;
  }

  private remember(id: string, score: number): void {
    const [oldest] = this.rest.size >= REMEMBERED ? this.rest.keys() : [];
    if (oldest !== undefined) {
      this.rest.delete(oldest);
      this.forgot = true;
    }
    this.rest.set(id, { score });
  }
}
