import type { Glimpse, Prober } from '../../../src/cutters/apisix/probe';
import type { ProbePlan, ProbeTarget } from '../../../src/cutters/apisix/probe-plan';
import { watch } from '../../../src/cutters/apisix/watch';

const target: ProbeTarget = { method: 'GET', path: '/r1', headers: {} };
const plan: ProbePlan = { targets: [target], blind: [] };
const never = new AbortController().signal;

/** A gateway that answers one look after the other so, and the last for ever. */
function gateway(...looks: readonly (readonly [Glimpse, string])[]): Prober & { readonly looks: () => number } {
  let round = 0;
  const url = 'http://127.0.0.1:9080';
  return {
    looks: () => round,
    async run() {
      const [glimpse, detail] = looks[Math.min(round++, looks.length - 1)] as readonly [Glimpse, string];
      return [{ url, target, glimpse, detail }];
    },
    glance: async () => [],
  };
}

const SERVED = ['served', '200'] as const;
const REFUSED = ['refused', '403'] as const;

test.each([
  { said: 'refused at once', looks: [REFUSED], seen: 'refused', rounds: 1 },
  { said: 'served until the workers take the cut over', looks: [SERVED, SERVED, REFUSED], seen: 'refused', rounds: 3 },
  {
    said: 'broken off by the cut that it looks for',
    looks: [SERVED, ['silent', 'ECONNRESET'], REFUSED],
    seen: 'refused',
    rounds: 3,
  },
  { said: 'gone: left to the next pass', looks: [['silent', 'ECONNREFUSED'], REFUSED], seen: 'unseen', rounds: 1 },
  {
    said: 'hanging: left to the next pass',
    looks: [['silent', 'no answer within 200 ms'], REFUSED],
    seen: 'unseen',
    rounds: 1,
  },
] as const)('a gateway that is $said', async ({ looks, seen, rounds }) => {
  const prober = gateway(...looks);
  const expectations = [{ scope: 'agent', wanted: 'refused', plan, everyRoute: false }] as const;
  const watched = await watch(prober, expectations, { forMs: 2_000, overtaken: never });
  expect(watched.get('agent')?.sight).toBe(seen);
  expect(prober.looks()).toBe(rounds);
});

test('what breaks every probe off is waited for no longer than the bound, and is not called serving', async () => {
  const prober = gateway(['silent', 'ECONNRESET']);
  const expectations = [{ scope: 'agent', wanted: 'refused', plan, everyRoute: false }] as const;
  const watched = await watch(prober, expectations, { forMs: 50, overtaken: never });
  expect(watched.get('agent')).toMatchObject({ sight: 'unseen', contrary: false });
  expect(prober.looks()).toBeGreaterThan(1);
});
