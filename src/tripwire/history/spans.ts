/** What can be looked back on, each in steps that a phone can draw. */
export const spanNames = ['hour', 'day', 'week'] as const;
export type SpanName = (typeof spanNames)[number];

/** So many steps of time, round and round; their places follow upon those of the spans before. */
export interface Span {
  readonly name: SpanName;
  readonly stepMs: number;
  readonly size: number;
  /** Where its places begin in every line. */
  readonly first: number;
  /** Its own place among the spans. */
  readonly at: number;
}

const MINUTE_MS = 60_000;
const lengths: Readonly<Record<SpanName, readonly [stepMs: number, size: number]>> = {
  hour: [MINUTE_MS, 60],
  day: [5 * MINUTE_MS, 288],
  week: [30 * MINUTE_MS, 336],
};

let places = 0;
export const spans: readonly Span[] = spanNames.map((name, at) => {
  const [stepMs, size] = lengths[name];
  const first = places;
  places += size;
  return { name, stepMs, size, first, at };
});

/** Of all spans together. */
export const PLACES = places;

export const spanOf = (name: SpanName): Span => spans.find((span) => span.name === name) as Span;

/** @param at epoch, in milliseconds. */
export const stepOf = ({ stepMs }: Span, at: number): number => Math.floor(at / stepMs);

export const placeOf = ({ first, size }: Span, step: number): number => first + (step % size);
