import type { Config } from '../config/schema';
import type { Cutter } from '../cutters/cutter';
import type { Operator } from '../operators/operator';
import type { Jobs } from '../queue/jobs';
import { guardedIn, guardKey } from './guards';
import type { Troubles } from './troubles';

/** One part of the way from the phone to the cut. */
export interface Part {
  readonly name: string;
  readonly ok: boolean;
  /** Without it, is there no way left on which a stop could be carried out? */
  readonly vital: boolean;
  readonly detail: string;
}

export interface Readiness {
  /** `armed`: all works. `degraded`: a stop still works. `disarmed`: a stop would not work now. */
  readonly state: 'armed' | 'degraded' | 'disarmed';
  readonly parts: readonly Omit<Part, 'vital'>[];
}

export interface ReadinessOptions {
  readonly cutters: readonly Cutter[];
  readonly troubles: Troubles;
  readonly jobs: Pick<Jobs, 'healthy'>;
  readonly operators: readonly Operator[];
  readonly config: Pick<Config, 'api' | 'sms' | 'gateways'>;
  /** Undefined where none is configured. */
  readonly tripwire?: { readonly ok: boolean; readonly detail: string } | undefined;
}

/** How ready the switch is, from what is known already: nothing is asked of anybody. */
export function readiness({ cutters, troubles, jobs, operators, config, tripwire }: ReadinessOptions): Readiness {
  const supervised = (name: string, vital: boolean): Part => {
    const trouble = troubles.of(name);
    return { name, vital, ok: trouble === undefined, detail: trouble ?? 'as it should be' };
  };
  const part = (name: string, ok: boolean, detail: string, vital = false): Part => ({ name, ok, vital, detail });
  const people = operators.filter(({ rights }) => rights.includes('stop')).length;
  return sumUp([
    ...cutters.map(({ name, required }) => supervised(`cutter ${name}`, required)),
    // The rungs before it need none.
    ...guardedIn(config).map((gateway) => supervised(guardKey(gateway), false)),
    supervised('ledger', false),
    part('queue', jobs.healthy(), jobs.healthy() ? 'answers' : 'does not answer'),
    part('operators', people > 0, `${people} may stop`, config.api.tokens.length === 0),
    part('sms', config.sms.twilio !== undefined, config.sms.twilio ? 'configured' : 'not configured'),
    // Whoever is awake can pull the cord without it.
    ...(tripwire ? [part('tripwire', tripwire.ok, tripwire.detail)] : []),
  ]);
}

/** Fails towards `disarmed`: with no gateway or no door at all there is nothing to pull. */
export function sumUp(parts: readonly Part[]): Readiness {
  const vital = parts.filter((part) => part.vital);
  const broken = vital.length === 0 || vital.some((part) => !part.ok);
  const state = broken ? 'disarmed' : parts.every((part) => part.ok) ? 'armed' : 'degraded';
  return { state, parts: parts.map(({ name, ok, detail }) => ({ name, ok, detail })) };
}
