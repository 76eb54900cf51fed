/** One line of the result. Figures are milliseconds where `unit` doesn't say otherwise. */
export interface Result {
  readonly name: string;
  /** How many measurements. */
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
  readonly floorP50: number;
  readonly floorP99: number;
  /** p50 by floorP50. */
  readonly ratio: number;
  readonly unit: 'ms' | 'MiB' | 'us';
  /** What the floor is, and other figures that belong to it, by name. */
  readonly floor: string;
  readonly more?: Readonly<Record<string, number>>;
  /** What it should be, where that was set, and whether it is. */
  readonly aim?: string;
  readonly ok?: boolean;
}

export interface Measured {
  readonly values: readonly number[];
  readonly floor: readonly number[];
}

export interface Aim {
  readonly text: string;
  readonly holds: (figures: Pick<Result, 'p99' | 'floorP50' | 'ratio'>) => boolean;
}

export interface ResultOptions extends Measured {
  readonly name: string;
  readonly unit?: 'ms' | 'MiB' | 'us';
  readonly floorIs: string;
  readonly more?: Readonly<Record<string, number>>;
  readonly aim?: Aim | undefined;
}

/** The nearest rank: always a value that was measured. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

export function resultOf({ name, values, floor, floorIs, unit = 'ms', more, aim }: ResultOptions): Result {
  const [p50, p99] = [percentile(values, 50), percentile(values, 99)];
  const [floorP50, floorP99] = [percentile(floor, 50), percentile(floor, 99)];
  const ratio = p50 / floorP50;
  return {
    ...{ name, n: values.length, p50, p99, floorP50, floorP99, ratio, unit, floor: floorIs },
    ...(more ? { more } : {}),
    ...(aim ? { aim: aim.text, ok: aim.holds({ p99, floorP50, ratio }) } : {}),
  };
}
