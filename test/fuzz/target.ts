import fc from 'fast-check';

/** What is fuzzed: where its inputs come from, and who judges what came of one. */
export interface Target {
  readonly name: string;
  /** Of a million inputs, so many. */
  readonly share: number;
  /** Tries one input after another. Throws fast-check's report of the first that is judged bad. */
  tries(runs: number, seed?: number): Promise<void>;
  close?(): Promise<void>;
}

/** No input may take longer. Milliseconds of processor time: the machine does other things as well. */
const LONGEST_MS = 2_000;

/** @param judge throws for an input that did what it must not. Oracles read by themselves: they share no code. */
export function target<T>(
  name: string,
  share: number,
  inputs: fc.Arbitrary<T>,
  judge: (input: T) => void | Promise<void>,
  close?: () => Promise<void>,
): Target {
  const tries = (numRuns: number, seed?: number): Promise<void> =>
    fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        const began = process.cpuUsage();
        await judge(input);
        const { user, system } = process.cpuUsage(began);
        const took = (user + system) / 1_000;
        if (took > LONGEST_MS) throw new Error(`took ${took.toFixed(0)} ms`);
      }),
      { numRuns, ...(seed === undefined ? {} : { seed }) },
    );
  return { name, share, tries, ...(close ? { close } : {}) };
}

/** What an attacker, or a bad day, does to a good text. */
export function mutated(corpus: readonly string[], pieces: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(12),
    into: fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 6 })),
    times: fc.oneof(
      { weight: 20, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.integer({ max: 400, min: 2 }) },
    ),
  });
  return fc.tuple(fc.constantFrom(...corpus), fc.array(edit, { maxLength: 6 })).map(([text, edits]) =>
    edits.reduce((so, { at, length, into, times }) => {
      const from = Math.floor(at * so.length);
      return so.slice(0, from) + into.repeat(times) + so.slice(from + length);
    }, text),
  );
}

/** Throws as `expect` does, without its cost: a million inputs are judged. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
