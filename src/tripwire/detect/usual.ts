import { hourOfDay } from './levels';

/**
 * What is usual for a subject: how much an active minute costs, what is spent in each hour of the day, what a token
 * costs. All of it in numbers of constant count.
 */

/** An active minute is what it was in these days: today and the three before. */
const DAYS = 4;
const HOURS_DAYS = 14;
const SECONDS_A_DAY = 86_400;

/** How fast an hour of the day forgets: a day ago counts 70 % of today, a week ago 8 %. */
const HOUR_MEMORY = 0.7;

export interface Usual {
  /** Spend and number of the active minutes, by day modulo their number. */
  readonly minuteSpend: Float64Array;
  readonly minuteCount: Float64Array;
  day: number;
  /** Spend an hour, by hour of the day; -1 where nothing is known yet. */
  readonly hours: Float64Array;
  /** Spend of the present hour, and which one it is. */
  hourSpend: number;
  hour: number;
  prices: Prices;
}

export const nothingUsual = (): Usual => ({
  minuteSpend: new Float64Array(DAYS),
  minuteCount: new Float64Array(DAYS),
  day: 0,
  hours: new Float64Array(24).fill(-1),
  hourSpend: 0,
  hour: 0,
  prices: { first: 0, bins: new Float64Array(PRICE_BINS), usual: 0 },
});

/** Mean spend of the minutes in which anything was spent; 0 while there was none. */
export function activeMinute({ minuteSpend, minuteCount }: Usual): number {
  let spend = 0;
  let count = 0;
  for (let day = 0; day < DAYS; day++) {
    spend += minuteSpend[day] as number;
    count += minuteCount[day] as number;
  }
  return count === 0 ? 0 : spend / count;
}

/** Spend a minute that is usual in this hour; undefined while it is not known. */
export function usualAt({ hours }: Usual, hour: number): number | undefined {
  const spend = hours[hourOfDay(hour)] as number;
  return spend < 0 ? undefined : spend / 60;
}

/** One active minute is over. */
export function learnMinute(usual: Usual, at: number, spend: number): void {
  const day = Math.floor(at / SECONDS_A_DAY);
  if (day !== usual.day) {
    for (let d = Math.max(usual.day + 1, day - DAYS + 1); d <= day; d++) {
      usual.minuteSpend[d % DAYS] = 0;
      usual.minuteCount[d % DAYS] = 0;
    }
    // Of the first minute of all no price is known yet.
    if (usual.day > 0) fadePrices(usual.prices);
    usual.day = day;
  }
  usual.minuteSpend[day % DAYS] = (usual.minuteSpend[day % DAYS] as number) + spend;
  usual.minuteCount[day % DAYS] = (usual.minuteCount[day % DAYS] as number) + 1;
}

/** The present hour is over, and so are the idle ones until `hour`. */
export function learnHours(usual: Usual, hour: number): void {
  if (usual.hour > 0) {
    const idleFrom = Math.max(usual.hour + 1, hour - 24 * HOURS_DAYS);
    learnHour(usual, usual.hour, usual.hourSpend);
    for (let idle = idleFrom; idle < hour; idle++) learnHour(usual, idle, 0);
  }
  usual.hour = hour;
  usual.hourSpend = 0;
}

function learnHour({ hours }: Usual, hour: number, spend: number): void {
  const at = hourOfDay(hour);
  const known = hours[at] as number;
  hours[at] = known < 0 ? spend : known * HOUR_MEMORY + spend * (1 - HOUR_MEMORY);
}

/** Money by price of the token, in steps of a quarter of e from the first price that was seen: whatever the currency. */
interface Prices {
  /** Logarithm; 0 while there was none. */
  first: number;
  readonly bins: Float64Array;
  /** US dollars a token; 0 while too little is known. */
  usual: number;
}

const PRICE_BINS = 64;
const STEPS = 4;
/** A day later, what was learnt counts for so much. */
const PRICE_MEMORY = 0.9;

export function learnPrice(prices: Prices, spend: number, tokens: number): void {
  if (spend <= 0 || tokens <= 0) return;
  const price = Math.log(spend / tokens);
  if (prices.first === 0) prices.first = price;
  const bin = Math.round((price - prices.first) * STEPS) + PRICE_BINS / 2;
  const i = Math.min(PRICE_BINS - 1, Math.max(0, bin));
  prices.bins[i] = (prices.bins[i] as number) + spend;
}

function fadePrices(prices: Prices): void {
  const { bins } = prices;
  prices.usual = middlePrice(prices);
  for (let i = 0; i < PRICE_BINS; i++) bins[i] = (bins[i] as number) * PRICE_MEMORY;
}

/** Half of all money was spent below this price. */
function middlePrice({ first, bins }: Prices): number {
  let all = 0;
  for (const money of bins) all += money;
  if (all === 0) return 0;
  let below = 0;
  for (let i = 0; i < PRICE_BINS; i++) {
    const money = bins[i] as number;
    if (below + money >= all / 2)
      return Math.exp(first + (i - PRICE_BINS / 2 - 0.5 + (all / 2 - below) / money) / STEPS);
    below += money;
  }
  return 0;
}
