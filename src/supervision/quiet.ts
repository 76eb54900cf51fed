/**
 * When one thing that is wrong is told, and when it is told to be over: once each, and ever more rarely when it comes and
 * goes. Pure. Fails towards telling: what lasts is told, however often it came and went before.
 */

/**
 * How long it has to have been well before it is told to be over, the second time and later: 2, 8, 32 and 60 minutes with
 * a grace of 10 s. In graces of trouble; the last one repeats.
 */
const CALM = [12, 48, 192, 360] as const;

/** Well for so long since it was told to be over: then the next time is a first time again. In graces; 6 hours. */
const FORGET = 2_160;

export interface Quiet {
  /** `new`: wrong, and not told yet. `told`: wrong. `ending`: told, and well since then. */
  readonly phase: 'well' | 'new' | 'told' | 'ending';
  /** When this phase began. Milliseconds, on a clock that nobody sets. */
  readonly since: number;
  /** How often it was told lately. */
  readonly times: number;
  /** When it was last told to be over. */
  readonly overAt: number;
}

export const WELL: Quiet = { phase: 'well', since: 0, times: 0, overAt: Number.NEGATIVE_INFINITY };

export interface Step {
  readonly quiet: Quiet;
  readonly say?: 'wrong' | 'over';
  /** When to ask again, if nothing is heard before. Milliseconds from now. */
  readonly againMs?: number;
}

export interface Pace {
  /** What lasts shorter is not told: a cut that is being made looks like trouble for a moment. Milliseconds. */
  readonly graceMs: number;
  /** What the times above are counted in. Milliseconds. */
  readonly unitMs: number;
}

/** @param wrong how it stands now. @param now milliseconds, on a clock that nobody sets. */
export function step(quiet: Quiet, wrong: boolean, now: number, { graceMs, unitMs }: Pace): Step {
  const { phase } = quiet;
  if (wrong) {
    if (phase === 'told') return { quiet };
    if (phase === 'ending') return { quiet: { ...quiet, phase: 'told', since: now } };
    const begun: Quiet = phase === 'new' ? quiet : { ...quiet, phase: 'new', since: now };
    const left = graceMs - (now - begun.since);
    if (left > 0) return { quiet: begun, againMs: left };
    const times = now - quiet.overAt >= FORGET * unitMs ? 1 : quiet.times + 1;
    return { quiet: { ...begun, phase: 'told', since: now, times }, say: 'wrong' };
  }
  if (phase === 'well') return { quiet };
  if (phase === 'new') return { quiet: { ...quiet, phase: 'well', since: now } };
  const ending: Quiet = phase === 'ending' ? quiet : { ...quiet, phase: 'ending', since: now };
  const left = calm(quiet.times) * unitMs - (now - ending.since);
  if (left > 0) return { quiet: ending, againMs: left };
  return { quiet: { ...ending, phase: 'well', since: now, overAt: now }, say: 'over' };
}

/** The first time it is told at once. */
const calm = (times: number): number => (times <= 1 ? 0 : (CALM[Math.min(times - 2, CALM.length - 1)] ?? 0));
