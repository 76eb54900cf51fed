import type { Clock } from '../clock';
import type { Glimpse } from '../cutters/apisix/probe';
import type { Report } from '../cutters/cutter';
import type { PassEnd } from '../latch/driver';
import { isCut, type Latch } from '../latch/latch';
import type { Action } from '../orders/order';
import { type Families, WAITS } from './family';

const GLIMPSES: readonly Glimpse[] = ['refused', 'served', 'silent'];

const ACTIONS: readonly Action[] = ['sever', 'restore'];
const PASSES: readonly PassEnd[] = ['reached', 'missed', 'overtaken', 'failed'];

export interface EnforcementOptions {
  readonly scopes: readonly string[];
  readonly gateways: readonly string[];
  readonly now: Clock;
  /** As last seen, without any I/O. */
  readonly latches: () => Iterable<Latch>;
}

/** All of it on the way of a STOP: counts, and nothing else. */
export interface Enforcement {
  /** The systems that there are: what did not happen at one of them is 0. */
  expect(cutters: readonly string[]): void;
  passed(cutter: string, end: PassEnd, ms: number): void;
  /** What a pass saw, that nothing has overtaken. */
  reported(order: number, severed: ReadonlySet<string>, report: Pick<Report, 'sights'>): void;
  settled(latch: Latch): void;
  wrote(cutter: string): void;
  drifted(cutter: string): void;
  probed(gateway: string, glimpse: Glimpse): void;
}

/** What is under way, as far as this instance has seen it. As many as there are scopes. */
interface UnderWay {
  readonly order: number;
  readonly since: number;
  refused: boolean;
}

export function countEnforcement(
  { counter, histogram }: Families,
  { scopes, gateways, now, latches }: EnforcementOptions,
): Enforcement {
  const refusedSeconds = histogram(
    'pullcord_order_refused_seconds',
    'From the acceptance of a STOP until the first system was seen to refuse the scope, by this instance.',
    ['scope'],
    WAITS,
  );
  const verifiedSeconds = histogram(
    'pullcord_order_verified_seconds',
    'From the acceptance of an order until every system was seen to be as it wants. One instance counts each.',
    ['action', 'scope'],
    WAITS,
  );
  const passes = counter('pullcord_cutter_passes_total', 'Passes of the enforcer at one system, and how they ended.', {
    ...{ cutter: [], result: PASSES },
  });
  const passSeconds = histogram(
    'pullcord_cutter_pass_duration_seconds',
    'How long one pass of the enforcer took: writes, reads and probes.',
    ['cutter'],
    WAITS,
  );
  const writes = counter('pullcord_cutter_writes_total', 'Writes to a system.', { cutter: [] });
  const drift = counter('pullcord_drift_total', 'Changes behind the back of Pullcord that were found and undone.', {
    ...{ cutter: [] },
  });
  const probes = counter('pullcord_probes_total', 'Probes of a gateway, one for each connection, and what they saw.', {
    ...{ gateway: gateways, outcome: GLIMPSES },
  });
  for (const scope of scopes) {
    refusedSeconds.zero({ scope });
    for (const action of ACTIONS) verifiedSeconds.zero({ action, scope });
  }
  const underWay = new Map<string, UnderWay>();
  const sinceThen = (at: number): number => Math.max(0, now() - at) / 1_000;

  function follow({ scope, state, order, since }: Latch): UnderWay | undefined {
    if (state === 'live' || state === 'severed') return undefined;
    const known = underWay.get(scope);
    if (known?.order === order) return known;
    const fresh = { order, since, refused: false };
    underWay.set(scope, fresh);
    return fresh;
  }

  return {
    expect: (cutters) => {
      for (const cutter of cutters) {
        for (const result of PASSES) passes({ cutter, result }, 0);
        writes({ cutter }, 0);
        drift({ cutter }, 0);
      }
    },
    passed: (cutter, result, ms) => {
      passes({ cutter, result });
      passSeconds.observe({ cutter }, ms / 1_000);
    },
    reported: (order, severed, { sights }) => {
      for (const latch of latches()) {
        const { scope } = latch;
        const one = follow(latch);
        if (!one || one.refused || !isCut(latch) || latch.order > order || !severed.has(scope)) continue;
        if (sights.get(scope) !== 'refused') continue;
        one.refused = true;
        refusedSeconds.observe({ scope }, sinceThen(one.since));
      }
    },
    settled: (latch) => {
      const { scope, order } = latch;
      const one = underWay.get(scope);
      underWay.delete(scope);
      if (one?.order !== order) return;
      const action: Action = isCut(latch) ? 'sever' : 'restore';
      verifiedSeconds.observe({ action, scope }, Math.max(0, latch.since - one.since) / 1_000);
    },
    wrote: (cutter) => writes({ cutter }),
    drifted: (cutter) => drift({ cutter }),
    probed: (gateway, outcome) => probes({ gateway, outcome }),
  };
}
