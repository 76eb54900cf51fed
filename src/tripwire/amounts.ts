import type { Unit } from './signal';

/** Amounts and times as a person reads them, in ASCII. */

/** `$4.10`, `$246`, `$12,300`, `1.2M tokens`. */
export function amount(value: number, unit: Unit): string {
  return unit === 'usd' ? usd(value) : `${short(value)} tokens`;
}

/** The same for an estimate: two digits of it, and no cents from $10 on. */
export function estimate(value: number, unit: Unit): string {
  return value < 9.95 ? amount(value, unit) : amount(Number(value.toPrecision(2)), unit).replace(/\.00$/, '');
}

function usd(value: number): string {
  if (value > 0 && value < 0.01) return 'under $0.01';
  if (value >= 1e6) return `$${short(value)}`;
  const digits = Math.abs(value) < 99.995 ? 2 : 0;
  return `$${value.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, ',')}`;
}

/** Two or three digits that count, and a letter for the rest. */
function short(value: number): string {
  for (const [from, letter] of SIZES) if (value >= from * 0.9995) return `${trimmed(value / from)}${letter}`;
  return Math.round(value).toString();
}

const SIZES = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

const trimmed = (value: number): string => value.toFixed(value < 9.95 ? 1 : 0).replace(/\.0$/, '');

/** How many times as much: `6.8x`, `68x`. Undefined where there is nothing to compare with. */
export function times(observed: number, usual: number): string | undefined {
  if (!(usual > 0)) return undefined;
  const ratio = observed / usual;
  return ratio > 9_999 ? 'over 9999x' : `${ratio.toFixed(ratio < 9.95 ? 1 : 0)}x`;
}

/** `20 s`, `90 s`, `3 min`, `2.5 h`, `3 d`. */
export function duration(seconds: number): string {
  const [size, name] = UNITS.find(([of]) => seconds >= 2 * of || (seconds > 0 && seconds % of === 0)) ?? [1, 's'];
  const digits = size === 1 ? 0 : 1;
  return `${(Math.max(0, seconds) / size).toFixed(digits).replace(/\.0$/, '')} ${name}`;
}

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
] as const;

/**
 * `02:13:40 UTC`; with its day when that lies far from `now`.
 * @param zone IANA. @param seconds whether they are told. @param at epoch, in milliseconds.
 */
export function timeOfDay(at: number, now: number, zone: string, seconds = true): string {
  const far = Math.abs(at - now) > 20 * 3_600_000;
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: zone, timeZoneName: 'short', hourCycle: 'h23', hour: '2-digit', minute: '2-digit' },
    ...(seconds ? { second: '2-digit' } : {}),
    ...(far ? { day: 'numeric', month: 'short' } : {}),
  });
  return format.format(at).replace(',', '');
}
