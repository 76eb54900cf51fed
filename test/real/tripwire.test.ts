import { until } from '../support/until';
import { type Guarded, startGuarded } from './parts/guarded';
import { type Litellm, type LitellmOptions, MASTER_KEY_NAME, PRICE, startLitellm } from './parts/litellm';

/** The whole program before a real LiteLLM: what it does by itself, and what it doesn't. */

/** The first start installs it. Others share two cores with all that runs. Milliseconds. */
const FIRST_START_MS = 600_000;
const RESTART_MS = 200_000;
const PATIENCE_MS = 30_000;
/** Half a minute without an answer may be a restart, and is not told. Milliseconds. */
const TOLD_WITHIN_MS = 60_000;

/** US dollars a minute. */
const CEILING = 2;
const AT_CEILING = Math.ceil(CEILING / PRICE);
const LANES = 4;
/** No loop goes on for so many requests. */
const ENOUGH = 2_000;
/** From the request that crosses the ceiling to the gateway's refusal. Looks are a second apart. Milliseconds. */
const WITHIN_MS = 10_000;

const limits = { defaults: { ceilings: { usd: { perMinute: CEILING } } } } as const;

let litellm: Litellm;
let guarded: Guarded | undefined;

interface Burnt {
  readonly served: number;
  /** The answer that ended it; undefined when nothing did, 0 when the connection was cut. */
  readonly end: number | undefined;
  /** From the request that crossed the ceiling to the end. Milliseconds. */
  readonly afterMs: number;
}

/**
 * An agent that asks again and again, some at a time, until it is refused. Two workers both get a share: if one got all,
 * the other, which is idle, would answer nearly every look.
 *
 * @param before requests that were served just before.
 */
async function burn(through: string, { before = 0, atMost = ENOUGH } = {}): Promise<Burnt> {
  let [asked, served] = [0, 0];
  let crossed = Number.POSITIVE_INFINITY;
  let ended: { readonly status: number; readonly at: number } | undefined;
  const lane = async (): Promise<void> => {
    while (!ended && asked < atMost) {
      asked += 1;
      const status = await litellm.chat('priced', { through }).catch(() => 0);
      if (status !== 200) ended ??= { status, at: performance.now() };
      else served += 1;
      if ((before + served) * PRICE > CEILING) crossed = Math.min(crossed, performance.now());
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { served, end: ended?.status, afterMs: Math.max(0, (ended?.at ?? 0) - crossed) };
}

async function ask(through: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) expect(await litellm.chat('priced', { through })).toBe(200);
}

/** In the last hour. US dollars. */
const spentInAll = async (guarded: Guarded): Promise<number> =>
  (await guarded.spend()).subjects.find(({ kind }) => kind === 'whole')?.spent.hour.usd ?? 0;

const some = async <T>(found: Promise<readonly T[]>): Promise<readonly T[] | undefined> =>
  (await found).length > 0 ? found : undefined;

/** Several looks later. */
async function looks(guarded: Guarded, count: number): Promise<void> {
  const seen = new Set<string | undefined>();
  await until(async () => seen.add((await guarded.spend()).sources[0]?.lookedAt).size > count, PATIENCE_MS);
}

/** A loop through the gateway is cut, and why is on paper, with everything that a person needs. */
async function tripsTheLoop(guarded: Guarded, how: string): Promise<void> {
  const before = Math.round((await spentInAll(guarded)) / PRICE);
  const { served, end, afterMs } = await burn(guarded.gatewayUrl, { before });
  process.stdout.write(`${how}: cut ${Math.round(afterMs)} ms after the ceiling, at ${served} requests\n`);
  expect(end).not.toBeUndefined();
  expect(afterMs).toBeLessThan(WITHIN_MS);
  await until(() => guarded.refuses(), PATIENCE_MS);
  // It is the gateway that refuses.
  expect(await litellm.chat('priced')).toBe(200);

  const [order] = await until(() => some(guarded.ledger('order')));
  const why = expect.stringMatching(/^key .+: \$\d.* in the last minute, ceiling \$2\.00/);
  expect(order?.data).toMatchObject({ source: 'tripwire', action: 'sever', scope: 'agent' });
  const [tripped] = await until(() => some(guarded.ledger('tripped')));
  expect(tripped?.data).toMatchObject({ mode: 'act', rule: 'ceiling', subject: { id: MASTER_KEY_NAME }, why });
  await until(() => guarded.events().some(({ kind }) => kind === 'severed'), PATIENCE_MS);
  expect(guarded.events()).toContainEqual(
    expect.objectContaining({ kind: 'tripped', text: expect.stringContaining('$2.00') }),
  );
}

afterEach(async () => {
  await guarded?.close();
  guarded = undefined;
}, PATIENCE_MS);

/** One for all tests of a block. */
function withLitellm(options: LitellmOptions): void {
  beforeAll(async () => {
    litellm = await startLitellm(options);
  }, FIRST_START_MS);
  afterAll(() => litellm?.remove());
}

describe('one worker, metrics with authentication', () => {
  withLitellm({ metricsAuth: true });

  it(
    'LiteLLM stops, and that is told; it starts, and that is told; its restart trips nothing; a loop does',
    async () => {
      await ask(litellm.url, 2 * AT_CEILING);
      guarded = await startGuarded(litellm, { ...limits, token: litellm.masterKey });
      const { gatewayUrl, events } = guarded;
      await ask(gatewayUrl, 10);
      await looks(guarded, 3);
      expect(await spentInAll(guarded)).toBeCloseTo(10 * PRICE);

      await litellm.stop();
      await until(() => events().some(({ text }) => text.includes('LiteLLM cannot be reached')), TOLD_WITHIN_MS);
      expect((await guarded.spend()).sources).toMatchObject([{ sees: false, troubles: [expect.any(String)] }]);
      await litellm.start();
      await until(() => events().some(({ kind }) => kind === 'cleared'), PATIENCE_MS);
      expect((await guarded.spend()).sources).toMatchObject([{ sees: true, troubles: [] }]);
      await ask(gatewayUrl, 10);
      await looks(guarded, 3);
      expect(await guarded.ledger('order')).toEqual([]);
      expect(await guarded.refuses()).toBe(false);

      await tripsTheLoop(guarded, 'one worker');
    },
    RESTART_MS,
  );

  it('a wrong token is told; what cannot be seen for too long is cut, where that is wanted', async () => {
    const blind = { afterSeconds: 10, action: 'sever' } as const;
    guarded = await startGuarded(litellm, { ...limits, blind, token: 'sk-somebody-else' });
    const { events, refuses, ledger } = guarded;
    await until(() => events().some(({ text }) => text.includes('refuses to show its metrics (401)')), PATIENCE_MS);
    expect(await refuses()).toBe(false);
    await until(refuses, PATIENCE_MS);
    const [tripped] = await until(() => some(ledger('tripped')));
    expect(tripped?.data).toMatchObject({ rule: 'blind', mode: 'act' });
  }, 100_000);
});

describe('two workers that share their counters, metrics without authentication', () => {
  withLitellm({ workers: 'sharing', metricsAuth: false });

  it('mode observe: a loop is told of, and goes on', async () => {
    guarded = await startGuarded(litellm, { ...limits, mode: 'observe' });
    const { gatewayUrl, ledger, refuses } = guarded;
    // The first total of workers that tell no names may be older than the watch: it counts as nothing.
    await ask(gatewayUrl, 10);
    await looks(guarded, 3);
    const atMost = 3 * AT_CEILING;
    expect(await burn(gatewayUrl, { atMost })).toMatchObject({ served: atMost, end: undefined });
    const [tripped] = await until(() => some(ledger('tripped')), PATIENCE_MS);
    expect(tripped?.data).toMatchObject({ mode: 'observe', rule: 'ceiling', scope: 'agent' });
    await looks(guarded, 2);
    expect(await refuses()).toBe(false);
    expect(await ledger('order')).toEqual([]);
  }, 100_000);

  it('mode act: what was spent before anybody looked trips nothing, a loop does', async () => {
    await ask(litellm.url, 2 * AT_CEILING);
    guarded = await startGuarded(litellm, limits);
    await ask(guarded.gatewayUrl, 10);
    await looks(guarded, 3);
    expect(await spentInAll(guarded)).toBeCloseTo(10 * PRICE);
    expect(await guarded.ledger('order')).toEqual([]);
    await tripsTheLoop(guarded, 'two workers that share their counters');
  }, 100_000);
});

describe('two workers that each show their own counters', () => {
  withLitellm({ workers: 'apart', metricsAuth: false });

  it('what each has spent before anybody looked trips nothing, however they take turns; a loop does', async () => {
    await ask(litellm.url, 4 * AT_CEILING);
    guarded = await startGuarded(litellm, limits);
    await ask(guarded.gatewayUrl, 10);
    await looks(guarded, 8);
    expect(await spentInAll(guarded)).toBeLessThanOrEqual(10 * PRICE + 1e-9);
    expect(await guarded.ledger('order')).toEqual([]);
    await tripsTheLoop(guarded, 'two workers that each show their own counters');
  }, 100_000);
});
