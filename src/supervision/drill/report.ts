import { seconds } from '../../notify/segment';

/** What a drill does, in this order. Where it fails it goes on with what can still be seen, and always cleans up. */
export const stepNames = [
  /** What an earlier drill left behind is cleaned up; left out where nothing was. */
  'leftovers',
  /** The Admin API reads and writes, the clamp is armed, every node answers. What stands there is noted. */
  'gateway',
  /** Twilio takes the auth token and would call us. */
  'twilio',
  /** The canary route is made. */
  'canary',
  /** Every node serves it. */
  'served',
  /** A stream is opened through every node. */
  'stream',
  /** STOP by a signed text. */
  'stop',
  /** The enforcer's own probes saw the refusal. From the order's acceptance. */
  'severed',
  /** The drill was refused by every node, and the rung that is meant to hold holds. */
  'refused',
  /** The open streams have ended. From the moment when the text was sent. */
  'stream-ended',
  /** RESTORE by a signed text. */
  'restore',
  /** The enforcer's own probes saw it served. From the order's acceptance. */
  'restored',
  /** The drill was served by every node. */
  'served-again',
  /** The canary route is taken away. */
  'removed',
  /** Everything else on the gateway is what it was, field for field. */
  'compared',
] as const;
export type StepName = (typeof stepNames)[number];

export interface DrillStep {
  readonly name: StepName;
  /** Left out where the step is about the whole way. */
  readonly gateway?: string;
  readonly ok: boolean;
  /** How long it took, without the wait for a fresh code. Milliseconds. */
  readonly ms: number;
  /** What was seen; of a step that is not ok, what is wrong and what to do. */
  readonly detail?: string;
  /** The median of the same step in earlier drills. Milliseconds. */
  readonly usualMs?: number;
  readonly slower?: true;
}

export interface Compared {
  /** How many earlier drills it was compared with. */
  readonly drills: number;
  readonly medianMs: number;
  /** More than twice the median, and more than a second longer. */
  readonly slower: boolean;
}

export interface DrillReport {
  readonly id: string;
  /** `skipped`: it was due, and something else came first. */
  readonly state: 'running' | 'passed' | 'failed' | 'skipped';
  /** Who wanted it: `token:<name>`, or `schedule`. */
  readonly by: string;
  /** Epochs, in milliseconds. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** All steps together, without the wait for a fresh code. Milliseconds. */
  readonly ms?: number;
  readonly steps: readonly DrillStep[];
  readonly compared?: Compared;
  /** Why it came to no end. Left out where it did. */
  readonly brokenOff?: string;
  /** One line for a person. */
  readonly text: string;
}

/** As it is shown to programs: times as ISO 8601, and no field that was added inside alone. */
export function shownReport(report: DrillReport) {
  const { id, state, by, startedAt, endedAt, ms, steps, compared, brokenOff, text } = report;
  return {
    ...{ id, state, by, startedAt: new Date(startedAt).toISOString() },
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt).toISOString() }),
    ...(ms === undefined ? {} : { ms }),
    steps: steps.map((step) => ({ ...step })),
    ...(compared ? { compared: { ...compared } } : {}),
    ...(brokenOff === undefined ? {} : { brokenOff }),
    text,
  };
}

/** The one line about a drill that has ended. */
export function summary(steps: readonly DrillStep[], ms: number, brokenOff?: string): string {
  if (brokenOff !== undefined) return `Drill broken off: ${brokenOff}`;
  const failed = steps.filter(({ ok }) => !ok);
  const [first] = failed;
  if (first) {
    const more = failed.length > 1 ? ` And ${failed.length - 1} more.` : '';
    return `Drill FAILED at ${placeOf(first)}: ${first.detail ?? 'no reason was given'}${more}`;
  }
  const took = (name: StepName): string => seconds(steps.find((step) => step.name === name)?.ms ?? 0);
  const gateways = new Set(steps.flatMap(({ gateway }) => gateway ?? [])).size;
  const slow = steps.filter(({ slower }) => slower).map(slowness);
  const than = slow.length > 0 ? ` Slower than usual: ${slow.join(', ')}.` : '';
  return (
    `Drill passed on ${gateways} ${gateways === 1 ? 'gateway' : 'gateways'} in ${seconds(ms)}: ` +
    `severed after ${took('severed')}, restored after ${took('restored')}.${than}`
  );
}

const slowness = (step: DrillStep): string =>
  `${placeOf(step)} (${seconds(step.ms)}, usually ${seconds(step.usualMs ?? step.ms)})`;

const placeOf = ({ name, gateway }: DrillStep): string => (gateway === undefined ? name : `${name} (${gateway})`);
