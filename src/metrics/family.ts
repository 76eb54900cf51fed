import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** One value of a family, under its labels. Undefined is not known: then it is not there, which is not the same as 0. */
export type Put = (value: number | undefined, labels?: Readonly<Record<string, string>>) => void;

/** Makes the families of one Pullcord, in a registry of its own. */
export interface Families {
  /** Every combination of `labels` stands there from the start: what did not happen is 0, and what comes is an increase. */
  counter(name: string, help: string, labels?: Readonly<Record<string, readonly string[]>>): Count;
  /** @param bounds upper bounds of the buckets, in the unit that the name ends with. */
  histogram<L extends string>(
    name: string,
    help: string,
    labels: readonly L[],
    bounds: readonly number[],
  ): Histogram<L>;
  /** Read when it is asked for, and what was there before is forgotten. @param read from memory, or bounded and kept. */
  gauge(name: string, help: string, labels: readonly string[], read: (put: Put) => void | Promise<void>): void;
}

export type Count = (labels?: Readonly<Record<string, string>>, by?: number) => void;

/** @param onError a family could not be read: it is left out, and the others are told. Must not throw. */
export function families(registry: Registry, onError: (name: string, error: unknown) => void): Families {
  const registers = [registry];
  return {
    counter(name, help, labels = {}) {
      const counter = new Counter({ name, help, registers, labelNames: Object.keys(labels) });
      const combinations = product(labels);
      for (const one of combinations) counter.inc(one, 0);
      return (of = {}, by = 1) => counter.inc({ ...of }, by);
    },

    histogram: (name, help, labelNames, bounds) =>
      new Histogram({ name, help, registers, labelNames: [...labelNames], buckets: [...bounds] }),

    gauge(name, help, labelNames, read) {
      new Gauge({
        ...{ name, help, registers, labelNames: [...labelNames] },
        async collect() {
          this.reset();
          // Without labels it would be 0 from the start.
          if (labelNames.length === 0) this.remove();
          try {
            await read((value, labels = {}) => {
              if (value !== undefined) this.set({ ...labels }, value);
            });
          } catch (error) {
            this.reset();
            if (labelNames.length === 0) this.remove();
            onError(name, error);
          }
        },
      });
    },
  };
}

function product(labels: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, string>>[] {
  return Object.entries(labels).reduce<Readonly<Record<string, string>>[]>(
    (all, [name, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

/** From 5 ms, as fast as a cut was ever seen, to a minute. Seconds. */
export const WAITS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Which of them it is: 1 for that one, and 0 for the others. */
export function putOneOf(
  put: Put,
  name: string,
  all: readonly string[],
  which: string,
  labels: Readonly<Record<string, string>> = {},
): void {
  for (const one of all) put(one === which ? 1 : 0, { ...labels, [name]: one });
}

/** Epoch, in milliseconds, as Prometheus wants it. */
export const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000);
