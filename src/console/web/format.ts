/** How times, durations and amounts are written on the page. Pure; the same in every browser. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** At most two units: `42 s`, `3 min 5 s`, `2 h 5 min`, `3 d 4 h`. @param ms negative counts as none. */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / SECOND)) * SECOND;
  const parts = (large: number, unit: string, small: number, smaller: string): string => {
    const rest = Math.floor((whole % large) / small);
    return `${Math.floor(whole / large)} ${unit}${rest > 0 ? ` ${rest} ${smaller}` : ''}`;
  };
  if (whole < MINUTE) return `${whole / SECOND} s`;
  if (whole < HOUR) return parts(MINUTE, 'min', SECOND, 's');
  if (whole < DAY) return parts(HOUR, 'h', MINUTE, 'min');
  return parts(DAY, 'd', HOUR, 'h');
}

/** How long ago, as one says it: seconds are left out once there are minutes. */
export function ago(at: number, now: number): string {
  const ms = now - at;
  if (ms < 5 * SECOND) return 'just now';
  return `${duration(ms < MINUTE ? ms : ms - (ms % (ms < HOUR ? MINUTE : ms < DAY ? MINUTE : HOUR)))} ago`;
}

/** Measured times: `850 ms`, `1.24 s`, `75 s`. */
export function measured(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(2)} s`;
  return ms < 2 * MINUTE ? `${Math.round(ms / SECOND)} s` : duration(ms);
}

/** Before or after the sever: `-03:07`, `+00:01.2`, `+1:02:09`; tenths as long as they say something. */
export function offset(ms: number): string {
  const tenths = Math.floor(Math.abs(ms) / 100);
  const seconds = Math.floor(tenths / 10);
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  // What is less than a tenth is neither before nor after.
  const sign = ms < 0 && tenths > 0 ? '-' : '+';
  if (h > 0) return `${sign}${h}:${two(m)}:${two(s)}`;
  return `${sign}${two(m)}:${two(s)}${seconds < 60 && tenths > 0 ? `.${tenths % 10}` : ''}`;
}

export interface Place {
  /** IANA's name; left out: the browser's. */
  readonly timeZone?: string;
}

/** `21:05:33`. */
export function clock(at: number | string, { timeZone }: Place = {}): string {
  return written(at, { timeZone, hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
}

/** `26 Nov 2026, 21:05:33 UTC`: the exact moment, and in whose time. */
export function exact(at: number | string, { timeZone }: Place = {}): string {
  return written(at, {
    ...{ timeZone, day: 'numeric', month: 'short', year: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZoneName: 'short' },
  });
}

/** `26 Nov`. */
export function day(at: number | string, { timeZone }: Place = {}): string {
  return written(at, { timeZone, day: 'numeric', month: 'short' });
}

function written(at: number | string, options: { readonly [K in keyof Intl.DateTimeFormatOptions]: unknown }): string {
  return new Intl.DateTimeFormat('en-GB', options as Intl.DateTimeFormatOptions).format(new Date(at));
}

/** US dollars; small amounts keep two figures that say something: `$0.0042`, `$12.30`, `$1,204`. */
export function money(usd: number): string {
  const amount = Math.abs(usd);
  const sign = usd < 0 ? '-' : '';
  if (amount === 0) return '$0';
  if (amount < 0.00005) return `${sign}<$0.0001`;
  if (amount < 0.1) return `${sign}$${Number(amount.toPrecision(2)).toFixed(4).replace(/0+$/, '')}`;
  const digits = amount < 1_000 ? 2 : 0;
  return `${sign}$${amount.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

/** Tokens: `950`, `12.4k`, `3.10M`. */
export function count(n: number): string {
  if (n < 1_000) return String(Math.round(n));
  if (n < 1_000_000) return `${(n / 1_000).toFixed(n < 100_000 ? 1 : 0)}k`;
  return `${(n / 1_000_000).toFixed(2)}M`;
}

/** `1 route`, `3 routes`. */
export function many(n: number, one: string, more = `${one}s`): string {
  return `${n} ${n === 1 ? one : more}`;
}
