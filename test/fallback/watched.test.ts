import { FAILURES, type Governed, startGoverned } from '../support/governed';
import type { Mood } from '../support/member';
import { freshStore } from '../support/store';
import { until } from '../support/until';

/** What becomes of a primary that dies, is slow, fails or flaps, and of a fallback that dies, too. */
let db: Awaited<ReturnType<typeof freshStore>>;
let rig: Governed;
beforeAll(async () => {
  db = await freshStore();
});
afterEach(() => rig.close());
afterAll(() => db.close());

it.each<[how: Mood | 'down', why: RegExp]>([
  ['down', /does not answer/],
  ['breaks', /does not answer/],
  ['hangs', /does not answer/],
  [500, /answered 500/],
])('a primary that is %s: over, told, and back when it is well', async (how, why) => {
  rig = await startGoverned(db);
  expect(await rig.answers()).toBe('primary');
  if (how === 'down') await rig.primary.down();
  else rig.primary.probeMood = how;
  await rig.stands('fallback');
  expect(rig.told.join()).toMatch(why);
  expect(await rig.object()).toEqual(rig.original.get('cloud'));
  if (how === 'down') expect(await rig.answers()).toBe('fallback');

  await rig.primary.up().catch(() => undefined);
  rig.primary.probeMood = 'well';
  await rig.looks(2);
  // Well, and not yet for long enough.
  expect(rig.of()?.state).toBe('fallback');
  rig.pass(6);
  await rig.stands('primary');
  expect(await rig.answers()).toBe('primary');
  expect(rig.told).toHaveLength(2);
});

it('flaps: never over on too few failures, over on enough that do not follow each other, back only when it is done', async () => {
  rig = await startGoverned(db);
  const flap: readonly Mood[] = [500, 'well', 500, 'well'];
  rig.primary.probeScript.push(...flap);
  await rig.looks(flap.length + 3);
  expect([rig.of()?.state, rig.told]).toEqual(['primary', []]);
  // Those are forgotten after the period; as many again are too few again.
  rig.pass(61);
  await rig.looks(2);
  rig.primary.probeScript.push(...flap);
  await rig.looks(flap.length + 3);
  expect([rig.of()?.state, rig.told]).toEqual(['primary', []]);

  rig.primary.probeScript.push(500, 'well');
  await rig.stands('fallback');
  expect(rig.told.join()).toContain(`${FAILURES} failures within 60 s`);
  for (let i = 0; i < 5; i += 1) {
    rig.pass(4);
    rig.primary.probeScript.push(500);
    await rig.looks(3);
  }
  expect(rig.of()?.state).toBe('fallback');
  rig.pass(6);
  await rig.stands('primary');
  expect(rig.told).toHaveLength(2);
});

it('the fallback dies, too: nobody answers, it stays permitted for its time, and no longer', async () => {
  rig = await startGoverned(db);
  await rig.primary.down();
  await rig.stands('fallback');
  await rig.fallback.down();
  await until(async () => (await rig.answers()) === '502');
  expect([rig.of()?.state, await rig.answers()]).toEqual(['fallback', '502']);
  await rig.fallback.up();
  expect(await rig.answers()).toBe('fallback');
  await rig.fallback.down();
  rig.clock.advance(601);
  await rig.stands('primary');
  await until(() => rig.of()?.permit?.held);
  expect(rig.told.at(-1)).toContain('its 10 min are up');
  await rig.fallback.up();
  expect(await rig.answers()).toBe('502');
  await rig.primary.up();
  expect(await rig.answers()).toBe('primary');
});

it('two fallbacks: each goes over by its own primary, and a STOP of its name forbids it alone', async () => {
  rig = await startGoverned(db, {}, ['cloud', 'other']);
  const [, other] = rig.pairs;
  await rig.primary.down();
  await rig.stands('fallback', 'cloud');
  expect([await rig.answers('cloud'), await rig.answers('other')]).toEqual(['fallback', 'primary']);
  expect(rig.of('other')?.state).toBe('primary');
  await other?.primary.down();
  await rig.stands('fallback', 'other');
  await rig.order('sever', 'cloud');
  await rig.stands('forbidden', 'cloud');
  expect([await rig.answers('cloud'), await rig.answers('other')]).toEqual(['502', 'fallback']);
  await rig.order('sever', 'agent');
  await rig.stands('forbidden', 'other');
  expect(rig.of('cloud')?.forbiddenBy).toEqual(['cloud', 'agent']);
  await rig.order('restore', 'agent');
  await until(() => rig.of('other')?.state !== 'forbidden');
  expect(rig.of('cloud')?.forbiddenBy).toEqual(['cloud']);
  expect(await rig.answers('cloud')).toBe('502');
});

it('never: down or not, nobody goes over, and nobody can', async () => {
  rig = await startGoverned(db, { decide: 'never' });
  rig.primary.probeMood = 500;
  await rig.looks(5);
  expect(await rig.wish('fallback')).toMatchObject({ kind: 'refused', refused: 'fallback-forbidden' });
  await rig.stands('primary');
  expect([await rig.answers(), rig.told]).toEqual(['primary', []]);
});
