import pino from 'pino';
import { type ConfigInput, configSchema } from '../../src/config/schema';
import { createFallbackCutters, startFallbacks } from '../../src/fallback';
import type { FallbackState } from '../../src/fallback/permit';
import type { SqlStore } from '../../src/ledger/sql-store';
import type { Proof } from '../../src/orders/desk';
import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { fallbackCondition } from '../../src/supervision/fallback-condition';
import { request, startDesk, TestClock } from './desk';
import { type Member, startMember } from './member';
import { ToyMemory } from './memory';
import { emptied, type freshStore } from './store';
import { until } from './until';

type Fallback = Partial<NonNullable<ConfigInput['fallbacks']>[string]>;

/** Looks of the watchers: many a second, on a clock that the test moves. */
const LOOK_SECONDS = 0.02;
/** So many failures, and the primary is down. */
export const FAILURES = 3;
const WELL_SECONDS = 5;

/**
 * Fallbacks at a stand-in gateway with all that governs them, and no doors: a store, a desk, an enforcer, cutters and
 * watchers. What is named `cloud` unless told otherwise stands behind `primary`.
 */
export async function startGoverned(
  db: Awaited<ReturnType<typeof freshStore>>,
  fallback: Fallback = {},
  names = ['cloud'],
) {
  await emptied(db.pglite);
  const clock = new TestClock(Date.now());
  let seconds = 0;
  const apisix: Apisix = await startApisix();
  const pairs = await Promise.all(
    names.map(async (name) => ({
      name,
      primary: await startMember('primary'),
      fallback: await startMember('fallback'),
    })),
  );
  const admin = async (method: string, path: string, body?: unknown): Promise<{ value: Record<string, unknown> }> => {
    const answer = await fetch(`${apisix.adminUrl}/apisix/admin/${path}`, {
      method,
      headers: { 'x-api-key': apisix.adminKey },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await answer.json()) as { value: Record<string, unknown> };
  };
  const node = ({ port }: Member, priority: number) => ({ host: '127.0.0.1', port, weight: 1, priority });
  for (const { name, primary, fallback: behind } of pairs) {
    await admin('PUT', `upstreams/${name}`, { type: 'roundrobin', nodes: [node(primary, 0), node(behind, -1)] });
    await admin('PUT', `routes/${name}`, { uri: `/${name}`, upstream_id: name });
  }
  const original = new Map(
    await Promise.all(names.map(async (name) => [name, (await admin('GET', `upstreams/${name}`)).value] as const)),
  );
  const input = {
    ...{ publicUrl: 'https://pullcord.example.org', key: 'k' },
    gateways: {
      main: {
        ...{ adminUrl: apisix.adminUrl, adminKey: apisix.adminKey, gatewayUrls: [apisix.gatewayUrl] },
        ...{ controlUrl: apisix.controlUrl, timeoutMs: 1_000 },
      },
    },
    scopes: { agent: { routes: [{ all: true }] } },
    fallbacks: Object.fromEntries(
      pairs.map(({ name, primary }) => [
        name,
        {
          ...{ gateway: 'main', upstream: name, primary: [`127.0.0.1:${primary.port}`], failures: FAILURES },
          ...{ withinSeconds: 60, wellForSeconds: WELL_SECONDS, forSeconds: 600, decide: 'auto' as const },
          probe: { url: `http://127.0.0.1:${primary.port}/probe`, timeoutMs: 1_000 },
          ...fallback,
        },
      ]),
    ),
  } satisfies ConfigInput;
  const config = configSchema.parse(input);
  for (const one of Object.values(config.fallbacks)) Object.assign(one.probe ?? {}, { periodSeconds: LOOK_SECONDS });
  const memory = new ToyMemory();
  const told: string[] = [];

  async function start(store: SqlStore) {
    await store.refresh();
    const cutters = createFallbackCutters(config, store, memory, clock.now);
    const desk = startDesk({
      ...{ store, cutters: [...cutters.values()], clock, config: input, scopes: ['agent', ...names, 'drill'] },
    });
    desk.start();
    const service = startFallbacks({
      ...{ config, cutters, store, enforcer: desk.enforcer, desk: desk.desk, memory },
      alarms: {
        tell: (notice) => {
          if ('text' in notice) told.push(notice.text ?? '');
        },
      },
      ...{ seesSpend: () => true, now: clock.now, monotonic: () => seconds * 1000, logger: pino({ level: 'silent' }) },
    });
    return { desk, service };
  }
  let running = await start(db.another(2_000, clock.now));
  const down = async (): Promise<void> => {
    await running.service.close();
    await running.desk.close();
  };
  let serial = 0;
  const of = (name = names[0] as string) => running.service.all().find((one) => one.name === name);
  /** As the gateway has it. */
  const object = async (name = names[0]) => (await admin('GET', `upstreams/${name}`)).value;
  const [first] = pairs;
  if (!first) throw new Error('no fallback was named');

  const rig = {
    ...{ apisix, admin, clock, told, pairs, original, object, of },
    ...{ primary: first.primary, fallback: first.fallback },
    /** Who may, as the desk has it. */
    authorities: () => running.desk.desk.authorities,
    by: (who: string, code?: string) => running.desk.by(who, code),
    /** As `/readyz` tells it. */
    condition: () => {
      const now = of();
      if (!now) throw new Error('there is no such fallback');
      return fallbackCondition({ now, primary: running.service.primary(now.name) });
    },
    /** As the watchers count it. */
    pass: (more: number): void => {
      seconds += more;
    },
    /** Looks that the watcher of the first one makes from now on. */
    looks: async (n: number): Promise<void> => {
      const goal = first.primary.probes.length + n;
      await until(() => first.primary.probes.length >= goal);
    },
    /** Waits until it stands so, and is seen so at the gateway. */
    stands: (state: FallbackState, name?: string): Promise<boolean> => {
      const wanted = state === 'fallback' ? 'fallback' : 'primary';
      return until(() => of(name)?.state === state && of(name)?.seen === wanted, 10_000).catch(() => {
        throw new Error(`${name ?? 'it'} does not stand ${state}: ${JSON.stringify(of(name))}`);
      });
    },
    /** Who answers, or with which status nobody does. */
    answers: async (name = names[0]): Promise<string> => {
      const answer = await fetch(`${apisix.gatewayUrl}/${name}`);
      return answer.ok ? answer.text() : String(answer.status);
    },
    /** An order, by alice, with a fresh code; answered as soon as it stands. */
    order: async (action: 'sever' | 'restore', scope = 'agent') => {
      clock.advance(31);
      return running.desk.desk.order(request(action, scope), running.desk.by('alice'));
    },
    /** By bob, with a fresh code. */
    wish: async (wish: 'fallback' | 'primary', name = names[0] as string) => {
      clock.advance(31);
      return rig.wishBy(running.desk.by('bob'), wish, name);
    },
    wishBy: async (proof: Proof, wish: 'fallback' | 'primary', name = names[0] as string) => {
      serial += 1;
      const key = `wish-${serial}`;
      return running.service.order({ key, fallback: name, wish, source: 'sms', correlation: key }, proof);
    },
    /** @param meanwhile while it is down. */
    restart: async (meanwhile?: () => void | Promise<void>): Promise<void> => {
      await down();
      await meanwhile?.();
      running = await start(db.another(2_000, clock.now));
    },
    close: async (): Promise<void> => {
      await down();
      await Promise.all([apisix.close(), ...pairs.flatMap((pair) => [pair.primary.close(), pair.fallback.close()])]);
    },
  };
  await Promise.all(names.map((name) => rig.stands('primary', name)));
  return rig;
}

export type Governed = Awaited<ReturnType<typeof startGoverned>>;
