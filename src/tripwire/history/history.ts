import type { Bounds } from '../detect/bounds';
import { gapOf, SET_BACK_SECONDS } from '../detect/gap';
import { isFree } from '../detect/observe';
import { TOKENS_A_DOLLAR } from '../detect/profile';
import type { Increment } from '../reading';
import { Dearest } from './dearest';
import { freshLine, type Line, spend } from './line';
import { PLACES, placeOf, type Span, spans, stepOf } from './spans';

/** Keys and models that have a line of their own. */
const KEYS = 64;
const MODELS = 32;

const HALF_LIFE_MS = 86_400_000;
/** The scores are measured anew after so many half-lives, long before they leave what a number holds. */
const MOST_HALF_LIVES = 60;

export const boundNames = ['usual', 'floor', 'ceiling', 'trips'] as const satisfies readonly (keyof Bounds)[];

/** What bounds the spend of all keys in a step of so many milliseconds that is under way. */
export type BoundsOf = (at: number, stepMs: number) => Bounds;

/**
 * What was spent in the last hour, day and week, step by step: in all, by key and by model. Bounded: some 100 lines,
 * whoever spends. A step that nobody saw is not a step in which nothing was spent. No I/O, no clock.
 */
export class History {
  readonly all = freshLine('*');
  readonly keys = new Dearest(KEYS);
  readonly models = new Dearest(MODELS);
  /** 1: somebody saw the step. By place. */
  readonly seen = new Uint8Array(PLACES);
  /** US dollars in the step; NaN while unknown. By place. */
  readonly bounds = Object.fromEntries(
    boundNames.map((name) => [name, new Float64Array(PLACES).fill(Number.NaN)]),
  ) as Readonly<Record<(typeof boundNames)[number], Float64Array>>;
  /** The newest step of each span; -1 before there is any. */
  readonly newest: number[] = spans.map(() => -1);
  /** Scores are worth so much more, the later they come, that those before need not be touched. */
  landmark = 0;

  /** What was spent, as the detectors take it: what a missed look kept back is spread evenly over the time since then. */
  take(increment: Increment): void {
    const { key, model, from, to, spendUsd, promptTokens, completionTokens } = increment;
    this.advance(to);
    const tokens = promptTokens + completionTokens;
    const worth = (isFree(increment) ? tokens / TOKENS_A_DOLLAR : spendUsd) * this.weight(to);
    const began = gapOf(increment) > 0 ? from : to;
    this.spread(this.all, began, to, spendUsd, tokens);
    this.spread(this.keys.lineOf(key, worth, to), began, to, spendUsd, tokens);
    this.spread(this.models.lineOf(model, worth, to), began, to, spendUsd, tokens);
    this.see(began, to);
  }

  /** Somebody saw all that was spent in this time. Epoch, in milliseconds. */
  saw(from: number, to: number, boundsOf?: BoundsOf): void {
    this.advance(to);
    this.see(from, to);
    if (!boundsOf) return;
    for (const span of spans) {
      if (stepOf(span, to) !== this.newest[span.at]) continue;
      const bounds = boundsOf(to, span.stepMs);
      const place = placeOf(span, stepOf(span, to));
      for (const name of boundNames) this.bounds[name][place] = bounds[name] ?? Number.NaN;
    }
  }

  /**
   * Nobody saw it, as is known by now: whole steps, in which nothing seemed to be spent. What was seen to be spent stays.
   * Epoch, in milliseconds.
   */
  missed(from: number, to: number): void {
    this.advance(to);
    for (const span of spans)
      for (let step = this.oldest(span, stepOf(span, from) + 1); step <= this.last(span, to); step += 1) {
        const place = placeOf(span, step);
        if (this.all.usd[place] === 0 && this.all.tokens[place] === 0) this.seen[place] = 0;
      }
  }

  /** Where the step is kept; undefined when nobody saw it, or it is not kept. */
  placeOf(span: Span, step: number): number | undefined {
    const newest = this.newest[span.at] as number;
    if (step > newest || step <= newest - span.size) return undefined;
    const place = placeOf(span, step);
    return this.seen[place] === 1 ? place : undefined;
  }

  /** All lines. */
  lines(): readonly Line[] {
    return [this.all, ...this.keys.all(), ...this.models.all()];
  }

  private see(from: number, to: number): void {
    for (const span of spans)
      for (let step = this.oldest(span, stepOf(span, from)); step <= this.last(span, to); step += 1)
        this.seen[placeOf(span, step)] = 1;
  }

  private spread(line: Line, from: number, to: number, usd: number, tokens: number): void {
    for (const span of spans) {
      const last = this.last(span, to);
      for (let step = this.oldest(span, stepOf(span, from)); step <= last; step += 1) {
        const part = from < to ? shareOf(span, step, from, to) : 1;
        spend(line, placeOf(span, step), usd * part, tokens * part);
      }
    }
  }

  private oldest(span: Span, step: number): number {
    return Math.max(step, (this.newest[span.at] as number) - span.size + 1, 0);
  }

  private last(span: Span, at: number): number {
    return Math.min(stepOf(span, at), this.newest[span.at] as number);
  }

  /** Up to this time. What lies beyond it, when the clock was set back, has not happened. */
  private advance(at: number): void {
    for (const span of spans) {
      const [before, now] = [this.newest[span.at] as number, stepOf(span, at)];
      if (now === before) continue;
      if (now < before && at >= before * span.stepMs - SET_BACK_SECONDS * 1000) continue;
      // Scores go on as if the time that is told again had not been told.
      if (now < before && span.at === 0) this.landmark -= (before - now) * span.stepMs;
      const [low, high] = before < now ? [before, now] : [now, before];
      for (let step = Math.max(low + 1, high - span.size + 1); step <= high; step += 1) this.clear(placeOf(span, step));
      this.newest[span.at] = now;
    }
  }

  private clear(place: number): void {
    this.seen[place] = 0;
    for (const name of boundNames) this.bounds[name][place] = Number.NaN;
    for (const line of this.lines()) {
      line.usd[place] = 0;
      line.tokens[place] = 0;
    }
  }

  private weight(at: number): number {
    const halfLives = (at - this.landmark) / HALF_LIFE_MS;
    if (halfLives <= MOST_HALF_LIVES) return 2 ** halfLives;
    this.keys.scale(2 ** -halfLives);
    this.models.scale(2 ** -halfLives);
    this.landmark = at;
    return 1;
  }
}

function shareOf({ stepMs }: Span, step: number, from: number, to: number): number {
  const begin = Math.max(step * stepMs, from);
  const end = Math.min((step + 1) * stepMs, to);
  return Math.max(0, end - begin) / (to - from);
}
