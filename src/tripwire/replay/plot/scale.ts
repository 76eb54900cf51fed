/** From what is shown to where it stands. */
export interface Scale {
  readonly kind: 'linear' | 'log';
  /** Position between 0 and 1; what lies outside is drawn at the edge. */
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** When the most is so many times what is common, a linear axis shows nothing but the most. */
const LOG_FROM = 30;
const LINES = 5;
/** What is smaller than the most by so many times is not worth the room. */
const DEEPEST = 20_000;

/**
 * The axis of amounts: linear from 0, or logarithmic where a linear one would hide what is usual.
 * @param values what was spent. @param limits levels that have to be seen as well.
 */
export function amountScale(values: readonly number[], limits: readonly number[]): Scale {
  const spent = values.filter((value) => value > 0).sort((a, b) => a - b);
  const common = spent[Math.floor(spent.length / 2)] ?? 1;
  const most = Math.max(common, ...limits.filter(Number.isFinite), spent.at(-1) ?? 0);
  if (most / common < LOG_FROM) return linear(most);
  return logarithmic(Math.max(spent[Math.floor(spent.length / 10)] ?? common, most / DEEPEST), most);
}

function linear(most: number): Scale {
  const step = niceStep(most / LINES);
  const top = Math.ceil(most / step - 1e-9) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  return { kind: 'linear', at: (value) => clamp(value / top), ticks };
}

function logarithmic(least: number, most: number): Scale {
  // What is least still stands above the axis.
  const [low, high] = [Math.floor(Math.log10(0.7 * least)), Math.ceil(Math.log10(most) - 1e-9)];
  const every = Math.ceil((high - low) / LINES);
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)).filter((_, i) => i % every === 0);
  return { kind: 'log', at: (value) => (value > 0 ? clamp((Math.log10(value) - low) / (high - low)) : 0), ticks };
}

const clamp = (part: number): number => Math.min(1, Math.max(0, part));

/** The next of 1, 2, 5 times a power of ten. */
function niceStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  return ([1, 2, 5, 10].find((times) => times * power >= atLeast * 0.999999) ?? 10) * power;
}

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((n) => n * DAY),
];

export interface TimeTick {
  readonly at: number;
  /** In UTC: `14:30`, the day where one begins, the month and its year where they are far apart. */
  readonly label: string;
}

/** At round times in UTC; at most `most` of them. */
export function timeTicks(from: number, to: number, most: number): readonly TimeTick[] {
  const step = STEPS.find((size) => (to - from) / size <= most) ?? Math.ceil((to - from) / most / DAY) * DAY;
  const ticks: TimeTick[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push({ at, label: labelOf(at, step) });
  return ticks;
}

const day = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short' });
const month = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', month: 'short', year: 'numeric' });

function labelOf(at: number, step: number): string {
  if (step > 28 * DAY) return month.format(at);
  return at % DAY === 0 ? day.format(at) : new Date(at).toISOString().slice(11, 16);
}
