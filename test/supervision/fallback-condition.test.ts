import type { FallbackNow } from '../../src/fallback';
import { type FallbackScene, fallbackCondition } from '../../src/supervision/fallback-condition';
import { type Governed, startGoverned } from '../support/governed';
import { freshStore } from '../support/store';
import { until } from '../support/until';

const base: FallbackNow = {
  ...{ name: 'cloud', state: 'primary', order: 1, since: 1, forbiddenBy: [], seen: 'primary', missing: [] },
};
const held = { fallback: 'cloud', state: 'primary', order: 1, since: 1, by: 'bob', why: 'w', held: true } as const;

describe('how a fallback stands, as a part of the way', () => {
  it.each<[string, Partial<FallbackNow>, FallbackScene['primary'], string, RegExp, boolean | undefined]>([
    ['kept out', {}, 'well', 'normal', /kept out/, undefined],
    ['kept out, nothing known yet', {}, 'unsure', 'normal', /kept out/, undefined],
    ['used', { state: 'fallback', seen: 'fallback' }, 'well', 'supervisory', /is in use$/, true],
    [
      'used while it has to be',
      { state: 'fallback', seen: 'fallback' },
      'down',
      'supervisory',
      /primary is down/,
      true,
    ],
    ['asked for', { state: 'asked' }, 'down', 'trouble', /nobody has decided/, true],
    ['down, and nobody is asked', {}, 'down', 'trouble', /kept out/, undefined],
    ['down, and used up', { permit: held }, 'down', 'trouble', /is over/, undefined],
    ['forbidden', { state: 'forbidden', forbiddenBy: ['agent'] }, 'well', 'normal', /by agent$/, undefined],
    ['forbidden and down', { state: 'forbidden', forbiddenBy: ['agent'] }, 'down', 'supervisory', /down/, true],
    [
      'unseen at the gateway',
      { seen: 'unseen', missing: ['x does not answer'] },
      'well',
      'trouble',
      /x does/,
      undefined,
    ],
    ['let in by nobody', { seen: 'fallback' }, 'well', 'trouble', /stands primary, and is not seen so/, undefined],
    ['not let in yet', { state: 'fallback', seen: 'primary' }, 'down', 'trouble', /stands fallback/, undefined],
    ['blind', {}, 'unseen', 'trouble', /nothing is seen/, undefined],
    ['blind while it is used', { state: 'fallback', seen: 'fallback' }, 'unseen', 'trouble', /nothing/, undefined],
  ])('%s', (_what, now, primary, signal, detail, quiet) => {
    const condition = fallbackCondition({ now: { ...base, ...now }, primary });
    expect([condition.signal, condition.quiet]).toEqual([signal, quiet]);
    expect(condition.detail).toMatch(detail);
  });
});

describe('of a real one', () => {
  let db: Awaited<ReturnType<typeof freshStore>>;
  let rig: Governed;
  beforeAll(async () => {
    db = await freshStore();
  });
  afterEach(() => rig.close());
  afterAll(() => db.close());

  it('asked, used, forbidden, and not seen', async () => {
    rig = await startGoverned(db, { decide: 'ask' });
    const signal = () => rig.condition().signal;
    await until(() => signal() === 'normal');
    rig.primary.probeMood = 500;
    await rig.stands('asked');
    expect(signal()).toBe('trouble');
    await rig.wish('fallback');
    await rig.stands('fallback');
    expect(signal()).toBe('supervisory');
    await rig.order('sever');
    await rig.stands('forbidden');
    await rig.apisix.controls[0]?.refuse();
    await until(() => /not seen so at the gateway: .* does not answer/.test(rig.condition().detail));
    expect(signal()).toBe('trouble');
    await rig.apisix.controls[0]?.accept();
    await until(() => signal() !== 'trouble');
  });

  it('blind: without a probe and without checks nothing is ever seen', async () => {
    rig = await startGoverned(db, { probe: undefined });
    expect(rig.condition().signal).toBe('normal');
    rig.pass(60);
    expect(rig.condition()).toMatchObject({ signal: 'trouble', detail: 'nothing is seen of its primary' });
  });
});
