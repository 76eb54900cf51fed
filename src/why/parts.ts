import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import { chooses } from '../cutters/apisix/match';
import type { StandingOf } from './fallback-findings';
import type { GatewayOptions } from './gateway';
import type { Paper } from './ledger';
import type { KeyAsker } from './litellm';
import type { Served } from './taking';

/** What every question works with. */
export interface Parts {
  readonly config: Pick<Config, 'gateways' | 'scopes' | 'fallbacks' | 'cutters' | 'tripwire'>;
  readonly paper: Paper;
  readonly standing: StandingOf;
  readonly keys: KeyAsker;
  readonly now: Clock;
  /** Of each layer. Milliseconds. */
  readonly limitMs: number;
}

export function gatewaysOf({ config, now, limitMs }: Parts): readonly GatewayOptions[] {
  const { scopes } = config;
  return Object.entries(config.gateways).map(([name, own]) => ({ name, config: own, scopes, now, limitMs }));
}

/** The scopes that hold one of these routes. */
export const holders = ({ config }: Parts, served: readonly Served[]): string[] =>
  Object.entries(config.scopes)
    .filter(([, scope]) => served.some(({ route }) => chooses(scope, route)))
    .map(([name]) => name);

export const methodOf = ({ config }: Parts, gateway: string) => config.gateways[gateway]?.method ?? 'auto';

/** Of what is severed, where nobody knows which routes are meant. */
export const PASSES = 'Whether this passes there is not known.';
