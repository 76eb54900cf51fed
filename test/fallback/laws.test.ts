import type { FallbackState } from '../../src/fallback/permit';
import { type Governed, startGoverned } from '../support/governed';
import { freshStore } from '../support/store';
import { until } from '../support/until';

/** The laws of the switch, of fallbacks: in each state, and in the middle of each change. */
let db: Awaited<ReturnType<typeof freshStore>>;
let rig: Governed;
beforeAll(async () => {
  db = await freshStore();
});
afterEach(() => rig.close());
afterAll(() => db.close());

const isWrite = (method: string, path: string): boolean => method === 'PATCH' && path.includes('upstreams/');

/** Holds the next write to the upstream. @returns resolves as soon as it is there. */
function hold(applied: boolean): Promise<unknown> {
  let isHeld = false;
  rig.apisix.faults.hang({
    ...{ times: 1, applied },
    match: (method, path) => {
      const hit = isWrite(method, path);
      isHeld ||= hit;
      return hit;
    },
  });
  return until(() => isHeld);
}

/** Nothing that was permitted before counts any more: neither now, nor after the restore. */
async function staysForbidden(): Promise<void> {
  await rig.stands('forbidden');
  expect(await rig.wish('fallback')).toMatchObject({ kind: 'refused', refused: 'fallback-forbidden' });
  const reached = rig.fallback.requests.length;
  await rig.looks(5);
  await rig.stands('forbidden');
  await rig.answers();
  expect(rig.fallback.requests).toHaveLength(reached);
  await rig.order('restore');
  await rig.stands('primary').catch(() => rig.stands('asked'));
  expect(rig.of()?.permit?.state).not.toBe('fallback');
}

describe('law 1: stop wins', () => {
  it('asked: nobody is asked any more, and no answer counts', async () => {
    rig = await startGoverned(db, { decide: 'ask' });
    rig.primary.probeMood = 500;
    await rig.stands('asked');
    await rig.order('sever');
    await staysForbidden();
  });

  it.each([
    ['never arrives', false],
    ['arrives late', true],
  ])('while it goes over: a write that is held, and %s', async (_how, applied) => {
    rig = await startGoverned(db, { decide: 'ask' });
    const held = hold(applied);
    await rig.wish('fallback');
    await held;
    await rig.order('sever');
    await rig.stands('forbidden');
    await rig.apisix.faults.clear();
    await until(async () => ((await rig.object()).nodes as unknown[]).length === 1);
    await staysForbidden();
  });

  it.each([
    ['never arrives', false],
    ['arrives late', true],
  ])('while it goes back: a write that is held, and %s', async (_how, applied) => {
    rig = await startGoverned(db, { decide: 'ask' });
    await rig.wish('fallback');
    await rig.stands('fallback');
    const held = hold(applied);
    await rig.wish('primary');
    await held;
    await rig.order('sever');
    await rig.stands('forbidden');
    await rig.apisix.faults.clear();
    await staysForbidden();
  });

  it('on fallback: at once, whatever is left of its time', async () => {
    rig = await startGoverned(db);
    await rig.primary.down();
    await rig.stands('fallback');
    expect(await rig.answers()).toBe('fallback');
    await rig.order('sever', 'cloud');
    await rig.stands('forbidden');
    expect(await rig.answers()).toBe('502');
    expect(rig.fallback.requests).toHaveLength(1);
  });
});

describe('law 2: latched, over a restart in each state', () => {
  it('primary, asked and forbidden stay what they are', async () => {
    rig = await startGoverned(db, { decide: 'ask' });
    await rig.restart();
    await rig.stands('primary');
    rig.primary.probeMood = 500;
    await rig.stands('asked');
    await rig.restart();
    await rig.stands('asked');
    await rig.looks(5);
    // Asked once, and not again by the one that came after.
    expect(rig.told).toHaveLength(1);
    await rig.order('sever');
    await rig.restart(() => rig.admin('PATCH', 'upstreams/cloud', rig.original.get('cloud')).then(() => undefined));
    await rig.stands('forbidden');
    expect(((await rig.object()).nodes as unknown[]).length).toBe(1);
  });

  it.each<[left: string, seconds: number, state: FallbackState]>([
    ['time left', 60, 'fallback'],
    ['no time left', 700, 'primary'],
  ])('on fallback with %s: it is what its time says', async (_left, seconds, state) => {
    rig = await startGoverned(db, { decide: 'auto' });
    rig.primary.probeMood = 500;
    await rig.stands('fallback');
    await rig.restart(() => rig.clock.advance(seconds));
    await rig.stands(state);
    await rig.looks(5);
    await rig.stands(state);
    // Used up: the primary is as down as it was, and nothing goes over by itself.
    expect(rig.of()?.permit?.held ?? false).toBe(state === 'primary');
  });

  it('taken back: held, until the primary was seen well', async () => {
    rig = await startGoverned(db, { decide: 'auto' });
    rig.primary.probeMood = 500;
    await rig.stands('fallback');
    await rig.wish('primary');
    await rig.restart();
    await rig.looks(5);
    expect([rig.of()?.state, rig.of()?.permit?.held]).toEqual(['primary', true]);
    rig.primary.probeMood = 'well';
    await rig.looks(2);
    rig.pass(6);
    await until(() => rig.of()?.permit?.held === undefined);
    rig.primary.probeMood = 500;
    await rig.stands('fallback');
  });
});

it('law 3: only a person permits: no watcher that is to ask, and no code that was used', async () => {
  rig = await startGoverned(db, { decide: 'ask' });
  rig.primary.probeMood = 500;
  await rig.stands('asked');
  await rig.looks(5);
  expect(rig.of()?.state).toBe('asked');
  expect(await rig.wish('fallback')).toMatchObject({ kind: 'decided', permit: { by: 'bob' } });
  await rig.stands('fallback');
});

it('law 6: exact, over every way out and back, and what others changed meanwhile stays', async () => {
  rig = await startGoverned(db, { decide: 'ask' });
  const original = rig.original.get('cloud');
  for (let i = 0; i < 2; i += 1) {
    await rig.wish('fallback');
    await rig.stands('fallback');
    expect(await rig.object()).toEqual(original);
    await rig.order('sever');
    await rig.stands('forbidden');
    await rig.order('restore');
    await rig.stands('primary');
  }
  await rig.admin('PATCH', 'upstreams/cloud', { retries: 2 });
  await rig.wish('fallback');
  await rig.stands('fallback');
  const { update_time: _now, ...now } = await rig.object();
  const { update_time: _then, ...then } = original ?? {};
  expect(now).toEqual({ ...then, retries: 2 });
});
