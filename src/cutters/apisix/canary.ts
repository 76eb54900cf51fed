import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScopeConfig } from '../../config/schema';
import { DRILL_SCOPE } from '../../orders/drill';
import type { Doc } from './document';

/**
 * The route that a drill cuts: one a gateway, always under the same id, so that what a drill left behind is found
 * without knowing anything of that drill. It answers by itself: there is no address at which a gateway could reach
 * Pullcord that is right everywhere.
 */
export const CANARY_ID = 'pullcord-drill';
const LABEL = 'pullcord-drill';

/** Stands in its answers with the token of the drill, and in no other answer. */
export const CANARY_MARK = 'x-pullcord-drill';

export interface Canary {
  /** What makes its path and its answers known; nobody can guess it. Hexadecimal. */
  readonly token: string;
  /** Whether it answers with a stream, or at once. */
  readonly streams: boolean;
}

export const canaryPath = ({ token }: Pick<Canary, 'token'>): string => `/pullcord-drill/${token}`;

export function canaryRoute(canary: Canary): Doc {
  return {
    name: CANARY_ID,
    desc: 'Canary of a Pullcord drill: made, cut and removed by it.',
    labels: { [LABEL]: canary.token },
    uri: canaryPath(canary),
    methods: ['GET', 'HEAD'],
    plugins: canary.streams ? streamFor(canary) : answerFor(canary),
  };
}

const script = readFileSync(join(__dirname, 'canary.lua'), 'utf8');

const streamFor = ({ token }: Canary): Doc => ({
  'serverless-pre-function': { phase: 'access', functions: [script.replace('-token-', token)] },
});

/** Where functions are not enabled: by the one plugin that the clamp can't do without. */
const answerFor = ({ token }: Canary): Doc => ({
  'fault-injection': { abort: { http_status: 200, headers: { [CANARY_MARK]: token }, body: 'canary\n' } },
});

type Scopes = Readonly<Record<string, ScopeConfig>>;

const selector = { id: CANARY_ID, label: LABEL };

/**
 * The scopes with that of the canary among them. It belongs to no other, whatever that one names: not even to one that
 * is all the gateway, or a drill would be part of a cut, and a cut could keep a drill from cleaning up.
 */
export function withCanary(scopes: Scopes): Scopes {
  const spared = Object.entries(scopes).map(([name, scope]): [string, ScopeConfig] => {
    return [name, { ...scope, except: [...scope.except, selector] }];
  });
  return { ...Object.fromEntries(spared), [DRILL_SCOPE]: { routes: [selector], except: [], probes: [] } };
}
