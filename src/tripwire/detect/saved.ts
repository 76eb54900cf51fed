import { nothingSpent } from './ceilings';
import { gauges } from './gauges';
import { DAYS_KEPT } from './levels';
import { freshState, type SubjectState } from './state';

/**
 * A subject's state as JSON. Numbers of constant count are packed; what can be learnt again within an hour or two (the
 * newest calls) is left out.
 */
export interface SavedState {
  readonly [name: string]: unknown;
}

const NAMES = ['at', 'firstHour', 'hour', 'minute', 'learnsFrom', 'typical'] as const;

export function saveState(state: SubjectState): SavedState {
  const { spending, usual, hours } = state;
  return {
    ...Object.fromEntries(NAMES.map((name) => [name, state[name]])),
    hours: hours.map(({ hour, peaks }) => [hour, pack(peaks)]),
    ...{ levels: pack(state.levels), limits: pack(state.limits), peaks: pack(state.peaks) },
    tripHours: pack(state.tripHours),
    spending: { ...spending, fine: pack(spending.fine), minutes: pack(spending.minutes) },
    usual: {
      ...usual,
      ...{ minuteSpend: pack(usual.minuteSpend), minuteCount: pack(usual.minuteCount), hours: pack(usual.hours) },
      prices: { ...usual.prices, bins: pack(usual.prices.bins) },
    },
    ceilings: state.ceilings.map(({ windowSeconds, parts, at }) => [windowSeconds, at, pack(parts)]),
    ...(state.tripped ? { tripped: state.tripped } : {}),
    ...(state.warned ? { warned: state.warned } : {}),
  };
}

/** @throws Error when it isn't what `saveState` gave. */
export function loadState(saved: unknown): SubjectState {
  const from = record(saved);
  const state = freshState();
  for (const name of NAMES) state[name] = number(from[name]);
  const hours = list(from.hours).map((one) => {
    const [hour, peaks] = list(one);
    return { hour: number(hour), peaks: into(new Float32Array(gauges.length), peaks) };
  });
  if (hours.length > DAYS_KEPT * 24) throw new Error('more hours than are kept');
  state.hours = hours;
  into(state.levels, from.levels);
  into(state.limits, from.limits);
  into(state.peaks, from.peaks);
  into(state.tripHours, from.tripHours);
  const spending = record(from.spending);
  into(state.spending.fine, spending.fine);
  into(state.spending.minutes, spending.minutes);
  state.spending.fineAt = number(spending.fineAt);
  state.spending.minuteAt = number(spending.minuteAt);
  const usual = record(from.usual);
  into(state.usual.minuteSpend, usual.minuteSpend);
  into(state.usual.minuteCount, usual.minuteCount);
  into(state.usual.hours, usual.hours);
  state.usual.day = number(usual.day);
  state.usual.hour = number(usual.hour);
  state.usual.hourSpend = number(usual.hourSpend);
  const prices = record(usual.prices);
  into(state.usual.prices.bins, prices.bins);
  state.usual.prices.first = number(prices.first);
  state.usual.prices.usual = number(prices.usual);
  state.ceilings = list(from.ceilings).map((one) => {
    const [windowSeconds, at, parts] = list(one);
    const window = nothingSpent(number(windowSeconds));
    into(window.parts, parts);
    return { ...window, at: number(at) };
  });
  state.tripped = standing(from.tripped);
  state.warned = standing(from.warned);
  return state;
}

function standing(saved: unknown): SubjectState['tripped'] {
  if (saved === undefined) return undefined;
  const { since, over, ratio, hard } = record(saved);
  if (typeof hard !== 'boolean') throw new Error('neither true nor false');
  return { since: number(since), over: number(over), ratio: number(ratio), hard };
}

type Numbers = Float32Array | Float64Array;

/** The bytes of the machine, which both of its kinds that Node runs on order alike (little end first). */
const pack = ({ buffer, byteOffset, byteLength }: Numbers): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

function into<T extends Numbers>(numbers: T, packed: unknown): T {
  if (typeof packed !== 'string') throw new Error('numbers are missing');
  const bytes = Buffer.from(packed, 'base64');
  if (bytes.length !== numbers.byteLength) throw new Error(`${bytes.length} bytes, not ${numbers.byteLength}`);
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength).set(bytes);
  if (!numbers.every(Number.isFinite)) throw new Error('not a number');
  return numbers;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('not a list');
  return value;
}

function number(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error('not a number');
  return value;
}
