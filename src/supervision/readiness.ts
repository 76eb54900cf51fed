import type { Config } from '../config/schema';
import type { Cutter } from '../cutters/cutter';
import type { Latch } from '../latch/latch';
import type { Operator } from '../operators/operator';
import { isRehearsal } from '../orders/drill';
import type { LinePart, Signal } from './line/part';
import { standing } from './standing';

/** One part of the way from the phone to the cut, as it is shown. */
export interface Part {
  readonly name: string;
  /** Whether it works: also where somebody has to see to it. */
  readonly ok: boolean;
  readonly detail: string;
  readonly signal?: Signal;
  /** When it began to stand so, and when it was last seen to work. Epoch, in milliseconds. */
  readonly since?: number;
  readonly lastWell?: number | undefined;
  /** What to do now. */
  readonly todo?: string | undefined;
}

export interface Readiness {
  /** `armed`: all works. `degraded`: a stop still works. `disarmed`: a stop would not work now. */
  readonly state: 'armed' | 'degraded' | 'disarmed';
  /** What still works, in whole sentences. */
  readonly works?: readonly string[];
  readonly parts: readonly Part[];
}

export interface ReadinessOptions {
  readonly parts: readonly LinePart[];
  readonly cutters: readonly Pick<Cutter, 'name' | 'required'>[];
  readonly operators: readonly Operator[];
  readonly latches: readonly Latch[];
  readonly config: Pick<Config, 'api' | 'gateways'>;
}

/** How ready the switch is, from what is known already: nothing is asked of anybody. */
export function readiness({ parts, cutters, operators, latches, config }: ReadinessOptions): Readiness {
  const people = operators.some(({ rights }) => rights.includes('stop'));
  const programs = config.api.tokens.some(({ rights }) => rights.includes('stop'));
  const beside = cutters.filter(({ name, required }) => required && !name.startsWith('apisix '));
  const { state, works } = standing({
    ...{ parts, gateways: config.gateways, hasDoor: people || programs },
    required: beside.map(({ name }) => `cutter ${name}`),
  });
  return { state, works, parts: [...parts.map(shown), ...latches.flatMap(alarms)] };
}

const shown = ({ name, signal, detail, todo, since, lastWell }: LinePart): Part => ({
  ...{ name, ok: signal !== 'trouble', detail, signal, since, lastWell, todo },
});

/** A cut is an alarm for as long as it lasts. The way works: that is what it shows. */
function alarms({ scope, state, order, since }: Latch): Part[] {
  if (state === 'live' || isRehearsal(scope)) return [];
  return [{ name: `scope ${scope}`, ok: true, signal: 'alarm', detail: `${state} by order ${order}`, since }];
}
