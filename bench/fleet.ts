import type { Reading } from '../src/tripwire/reading';

const DAY_MS = 86_400_000;

/** Agents that spend as they do: bouts of calls, long pauses, calls of very different size. The same ones every time. */
export class Fleet {
  private readonly agents: {
    key: string;
    spendUsd: number;
    promptTokens: number;
    completionTokens: number;
    busyUntil: number;
  }[];
  private at: number;
  private random: () => number;

  constructor(keys: number, begin: number, seed = 1) {
    this.at = begin;
    this.random = mulberry32(seed);
    this.agents = Array.from({ length: keys }, (_, i) => ({
      key: `${'0'.repeat(56)}${(i + seed * 1e6).toString(16).padStart(8, '0')}`,
      ...{ spendUsd: 0, promptTokens: 0, completionTokens: 0, busyUntil: 0 },
    }));
  }

  /** What the next look shows, so many milliseconds after the one before. */
  look(afterMs: number): readonly Reading[] {
    this.at += afterMs;
    return this.agents.map((agent) => {
      const { random, at } = this;
      // A bout begins twice a day or so, and lasts a quarter of an hour.
      const begins = agent.busyUntil <= at && random() < (afterMs / DAY_MS) * 2;
      if (begins) agent.busyUntil = at + 1_800_000 * random();
      if (begins || (agent.busyUntil > at && random() < 0.3)) {
        const promptTokens = Math.round(2_000 * Math.exp(3 * random()));
        const completionTokens = Math.round(80 * Math.exp(3 * random()));
        agent.promptTokens += promptTokens;
        agent.completionTokens += completionTokens;
        agent.spendUsd += promptTokens * 3e-6 + completionTokens * 15e-6;
      }
      const { key, spendUsd, promptTokens, completionTokens } = agent;
      return {
        at,
        key,
        model: 'claude-sonnet-4',
        spendUsd,
        promptTokens,
        completionTokens,
        source: 'litellm',
        process: '1',
      };
    });
  }
}

/** Tommy Ettinger's generator of 32 bits: small, and the same on every machine. @returns at least 0, less than 1. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
