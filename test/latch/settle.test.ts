import type { Report, Sight } from '../../src/cutters/cutter';
import type { Latch } from '../../src/latch/latch';
import { type Seen, settled, sightOf, sightOfOne } from '../../src/latch/settle';

const report = (sight: Sight, missing: string[] = []): Report => ({
  sights: new Map([['agent', sight]]),
  ...{ missing, drift: [], writes: [], cut: 3 },
});
const seen = (cutter: string, sight: Sight, more: Partial<Seen> = {}): Seen => ({
  ...{
    cutter,
    required: true,
    order: 7,
    stops: 0,
    severed: new Set(['agent']),
    report: report(sight, [`${cutter} misses`]),
  },
  ...more,
});
const severing: Latch = { scope: 'agent', state: 'severing', order: 7, since: 0, incident: 7 };
const old = { order: 6, severed: new Set<string>() };

describe('how many gateways were seen', () => {
  const beside = { beside: true } as const;
  it.each<[string, Seen[], number]>([
    ['each counts', [seen('a', 'refused'), seen('b', 'refused')], 2],
    ['what stands beside one does not', [seen('a', 'refused'), seen('fallback', 'refused', beside)], 1],
    ['but where nothing else has to do with it', [seen('a', 'none'), seen('fallback', 'refused', beside)], 1],
  ])('%s', (_what, reports, gateways) => {
    expect(sightOf('agent', true, { order: 7 }, reports)).toMatchObject({ sight: 'refused', gateways });
  });
});

describe('law 5, seen and not assumed', () => {
  it.each<[string, Seen[], boolean]>([
    ['every gateway refuses', [seen('a', 'refused'), seen('b', 'refused')], true],
    ['a gateway that has no route of the scope does not hold it up', [seen('a', 'refused'), seen('b', 'none')], true],
    ['one gateway still serves', [seen('a', 'refused'), seen('b', 'served')], false],
    ['one gateway cannot be seen', [seen('a', 'refused'), seen('b', 'unseen')], false],
    ['one gateway saw the refusal under an older order', [seen('a', 'refused'), seen('b', 'refused', old)], false],
    ['no gateway has anything to do with it', [seen('a', 'none')], false],
    ['there is no report at all', [], false],
    ['only a cutter beside it reports', [seen('litellm', 'refused', { required: false })], false],
    ['a cutter beside it does not matter', [seen('a', 'refused'), seen('x', 'unseen', { required: false })], true],
  ])('%s', (_what, reports, severed) => {
    expect(settled(severing, reports, 99)).toEqual(severed ? { ...severing, state: 'severed', since: 99 } : undefined);
  });

  it('of a stop without a number nothing is proven by what was seen before it', () => {
    const since = { order: 7, stops: 1 };
    const later = seen('a', 'refused', { stops: 1 });
    expect(sightOf('agent', true, since, [later, seen('b', 'refused')])).toMatchObject({
      sight: 'unseen',
      missing: ['b has not reported yet', 'a misses'],
    });
    expect(sightOf('agent', true, since, [later]).sight).toBe('refused');
  });

  it('says what is missing', () => {
    expect(sightOf('agent', true, { order: 7 }, [seen('a', 'refused'), seen('b', 'refused', old)])).toMatchObject({
      sight: 'unseen',
      gateways: 1,
      missing: ['b has not reported yet', 'a misses'],
    });
    expect(sightOf('agent', true, { order: 7 }, [seen('a', 'none')]).missing[0]).toContain('matches no route');
  });

  it('says "live" only when every gateway was seen to serve again, and closes the incident', () => {
    const restoring: Latch = { ...severing, state: 'restoring' };
    const goal = { severed: new Set<string>() };
    expect(settled(restoring, [seen('a', 'served', goal), seen('b', 'refused', goal)], 9)).toBeUndefined();
    expect(settled(restoring, [seen('a', 'served')], 9)).toBeUndefined();
    expect(settled(restoring, [seen('a', 'served', goal)], 9)).toEqual({
      ...{ scope: 'agent', state: 'live', order: 7, since: 9 },
    });
  });

  it('ends the restore of a scope whose routes are all gone, and never says that it is severed', () => {
    const goal = { severed: new Set<string>() };
    expect(settled({ ...severing, state: 'restoring' }, [seen('a', 'none', goal)], 9)?.state).toBe('live');
    expect(settled({ ...severing, state: 'restoring' }, [], 9)).toBeUndefined();
  });

  it('leaves a latch at rest alone', () => {
    for (const state of ['live', 'severed'] as const)
      expect(settled({ ...severing, state }, [seen('a', 'refused')], 9)).toBeUndefined();
  });
});

describe('what one of them saw', () => {
  it.each<[string, Seen, boolean, ReturnType<typeof sightOfOne>]>([
    ['the refusal', seen('a', 'refused'), true, { seen: true, missing: [] }],
    ['that it still serves', seen('a', 'served'), true, { seen: false, missing: ['a misses'] }],
    ['nothing', seen('a', 'unseen'), true, { seen: false, missing: ['a misses'] }],
    [
      'the refusal of an older order',
      seen('a', 'refused', old),
      true,
      { seen: false, missing: ['a has not reported yet'] },
    ],
    [
      'too few of the stops',
      seen('a', 'refused', { stops: 1 }),
      true,
      { seen: false, missing: ['a has not reported yet'] },
    ],
    ['that it serves again', seen('a', 'served', { severed: new Set() }), false, { seen: true, missing: [] }],
    ['a goal that still cuts', seen('a', 'refused'), false, { seen: false, missing: ['a has not reported yet'] }],
    ['that it has nothing to do with it', seen('a', 'none'), true, undefined],
  ])('%s', (what, one, cut, expected) => {
    const stops = what === 'too few of the stops' ? 2 : 0;
    expect(sightOfOne('agent', cut, { order: 7, stops }, one)).toEqual(expected);
  });
});
