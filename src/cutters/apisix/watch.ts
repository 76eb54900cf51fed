import { setTimeout as sleep } from 'node:timers/promises';
import { stopIf } from './overtaken';
import type { Prober, Seen } from './probe';
import type { ProbePlan, ProbeTarget } from './probe-plan';
import { type Judgement, judge } from './sight';

/** What is to be seen of one scope. */
export interface Expectation {
  readonly scope: string;
  readonly wanted: 'refused' | 'served';
  readonly plan: ProbePlan;
  readonly everyRoute: boolean;
}

export interface Watched extends Judgement {
  /** Whether a gateway answered otherwise than wanted; silence is no answer. */
  readonly contrary: boolean;
  /** Whether a gateway broke off what it had taken: a cut ends the requests that are under way, a probe among them. */
  readonly brokenOff: boolean;
}

/** The code that Node gives a request whose connection ended before its answer began. */
const BROKEN_OFF = 'ECONNRESET';

/** Milliseconds between looks while the workers of the gateway take a change over; the last one repeats. */
const PAUSES_MS = [4, 8, 15, 30, 60, 120, 200] as const;

/**
 * Probes until all is seen as it should be, or `forMs` milliseconds are over. Repeats only what was answered
 * otherwise or broken off: a gateway that is silent now is asked in the next pass.
 */
export async function watch(
  prober: Prober,
  expectations: readonly Expectation[],
  options: { readonly forMs: number; readonly overtaken: AbortSignal },
): Promise<ReadonlyMap<string, Watched>> {
  const { forMs, overtaken } = options;
  const result = new Map<string, Watched>();
  const end = performance.now() + forMs;
  let open = expectations;
  for (let round = 0; ; round += 1) {
    await Promise.all(
      open.map(async (expectation) => {
        const seen = await prober.run(expectation.plan, expectation.everyRoute, overtaken);
        result.set(expectation.scope, watched(expectation, seen));
      }),
    );
    open = open.filter(({ scope }) => result.get(scope)?.contrary || result.get(scope)?.brokenOff);
    if (open.length === 0 || performance.now() >= end) return result;
    const pause = PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)];
    await sleep(pause, undefined, { signal: overtaken }).catch(() => stopIf(overtaken));
  }
}

function watched({ scope, wanted, plan }: Expectation, seen: readonly Seen[]): Watched {
  const contrary = seen.some(({ glimpse }) => glimpse !== wanted && glimpse !== 'silent');
  const brokenOff = seen.some(({ detail }) => detail === BROKEN_OFF);
  if (seen.length > 0) return { ...judge(scope, wanted, seen), contrary, brokenOff };
  return { sight: 'unseen', missing: [nothingToProbe(scope, plan)], contrary, brokenOff };
}

const nothingToProbe = (scope: string, { blind }: ProbePlan): string =>
  blind.length > 0
    ? `${scope} can't be probed: its routes take only requests that can't be guessed (${blind.slice(0, 3).join(', ')}); add probes to the scope`
    : `${scope} can't be probed: all its routes are switched off`;

/** Everything that could be asked of these scopes, for a glance at one of them in turn. */
export const targetsOf = (expectations: readonly Expectation[]): readonly ProbeTarget[] =>
  expectations.flatMap(({ plan }) => plan.targets);
