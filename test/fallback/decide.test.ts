import fc from 'fast-check';
import { type Act, decide, type Scene } from '../../src/fallback/decide';
import type { Permit, Standing } from '../../src/fallback/permit';

const NOW = 1_000_000;
const config: Scene['config'] = { decide: 'auto', forSeconds: 7_200, maxUsd: undefined, whenOver: 'primary' };
const standing = (state: Standing['state'], permit?: Partial<Permit>): Standing => ({
  ...{ state, order: 3, since: 3, forbiddenBy: [] },
  ...(permit
    ? { permit: { fallback: 'f', state: 'primary', order: 3, since: 3, by: 'watcher', why: 'w', ...permit } as Permit }
    : {}),
});
const onFallback = (permit: Partial<Permit> = {}) =>
  standing('fallback', { state: 'fallback', until: NOW + 1, ...permit });

describe('what the watcher does by itself', () => {
  it.each<[string, Partial<Scene>, Act | undefined]>([
    ['goes over when the primary is down', { health: 'down' }, { kind: 'go-over', until: NOW + 7_200_000 }],
    ['asks, where that is configured', { health: 'down', config: { ...config, decide: 'ask' } }, { kind: 'ask' }],
    ['does nothing, where that is configured', { health: 'down', config: { ...config, decide: 'never' } }, undefined],
    ['does nothing in doubt', { health: 'unsure' }, undefined],
    ['does nothing when it sees nothing', { health: undefined }, undefined],
    ['does not ask twice', { health: 'down', standing: standing('asked', { state: 'asked' }) }, undefined],
    [
      'withdraws the question when the primary is well',
      { health: 'well', standing: standing('asked', { state: 'asked' }) },
      { kind: 'go-back', why: 'well', refuse: false },
    ],
    [
      'never goes past a latch',
      { health: 'down', standing: standing('forbidden', { state: 'fallback', until: NOW - 1 }) },
      undefined,
    ],
    [
      'goes back when the primary is well',
      { health: 'well', standing: onFallback({ whileDown: true }) },
      { kind: 'go-back', why: 'well', refuse: false },
    ],
    ['stays where a person went over while it was well', { health: 'well', standing: onFallback() }, undefined],
    [
      'goes back when the time is up',
      { health: 'down', standing: standing('primary', { state: 'fallback', until: NOW }) },
      { kind: 'go-back', why: 'time', refuse: false },
    ],
    [
      'goes back when the money is up',
      { health: 'down', standing: onFallback(), config: { ...config, maxUsd: 5 }, spentUsd: 5 },
      { kind: 'go-back', why: 'money', refuse: false },
    ],
    [
      'goes back when the money can not be seen',
      { health: 'down', standing: onFallback(), config: { ...config, maxUsd: 5 } },
      { kind: 'go-back', why: 'blind', refuse: false },
    ],
    [
      'refuses then, where that is configured',
      { health: 'down', standing: onFallback(), config: { ...config, maxUsd: 5, whenOver: 'refuse' }, spentUsd: 6 },
      { kind: 'go-back', why: 'money', refuse: true },
    ],
    [
      'goes on while there is money',
      { health: 'down', standing: onFallback(), config: { ...config, maxUsd: 5 }, spentUsd: 4.99 },
      undefined,
    ],
    [
      'does not begin anew what was taken back',
      { health: 'down', standing: standing('primary', { held: true }) },
      undefined,
    ],
    [
      'may begin anew once the primary was well',
      { health: 'well', standing: standing('primary', { held: true }) },
      { kind: 'go-back', why: 'well', refuse: false },
    ],
  ])('%s', (_what, scene, act) => {
    const spent = 'spentUsd' in scene ? { spentUsd: scene.spentUsd } : {};
    expect(decide({ config, standing: standing('primary'), health: 'unsure', now: NOW, ...scene, ...spent })).toEqual(
      act,
    );
  });

  it('law 4: it goes over only when the primary is down, nothing forbids it, and auto is configured', () => {
    const scene = fc.record({
      health: fc.constantFrom('well', 'down', 'unsure', undefined),
      state: fc.constantFrom('primary', 'asked', 'fallback', 'forbidden'),
      decide: fc.constantFrom('auto', 'ask', 'never'),
      held: fc.boolean(),
      spentUsd: fc.option(fc.double({ min: 0, max: 10, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(scene, ({ health, state, decide: by, held, spentUsd }) => {
        const permit = state === 'forbidden' ? 'fallback' : state;
        const act = decide({
          config: { ...config, decide: by as 'auto', maxUsd: 5 },
          standing: standing(state as Standing['state'], {
            state: permit as Permit['state'],
            until: NOW + 1,
            ...(held ? { held } : {}),
          }),
          ...{ health: health as Scene['health'], spentUsd, now: NOW },
        });
        if (act?.kind === 'go-over') expect([health, by, state]).toEqual(['down', 'auto', 'primary']);
        if (state === 'forbidden') expect(act).toBeUndefined();
      }),
    );
  });
});
