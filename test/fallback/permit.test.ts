import fc from 'fast-check';
import { type Permit, standingOf } from '../../src/fallback/permit';
import type { Latch, LatchState } from '../../src/latch/latch';

const latch = (state: LatchState, order: number, scope = 'agent'): Latch => ({ scope, state, order, since: order });
const permit = (change: Partial<Permit> = {}): Permit => ({
  ...{ fallback: 'fallback', state: 'fallback', order: 5, since: 5, by: 'alice', why: 'ordered', until: 1_000 },
  ...change,
});

describe('how a fallback stands', () => {
  it.each([
    ['primary, as long as nobody decided anything', undefined, [latch('live', 0)], 'primary'],
    ['what was decided', permit(), [latch('live', 4)], 'fallback'],
    ['asked', permit({ state: 'asked' }), [latch('live', 4)], 'asked'],
    [
      'forbidden while a scope that holds it is severing',
      permit(),
      [latch('live', 4), latch('severing', 6, 'llm')],
      'forbidden',
    ],
    ['forbidden while one is severed', permit(), [latch('severed', 4)], 'forbidden'],
    ['primary after the restore: an order came after the permit', permit(), [latch('live', 7)], 'primary'],
    ['primary while it is restored', permit(), [latch('restoring', 7)], 'primary'],
    ['permitted again by a later decision', permit({ order: 8 }), [latch('live', 7)], 'fallback'],
    [
      'primary when its time is up, whether or not anybody noticed',
      permit({ until: 100 }),
      [latch('live', 4)],
      'primary',
    ],
  ] as const)('%s', (_what, decided, latches, state) => {
    expect(standingOf(decided, latches, 100).state).toBe(state);
  });

  it('law 2: nothing permits past a latch, nor upon what a later order has overtaken', () => {
    const states = fc.constantFrom<LatchState>('live', 'severing', 'severed', 'restoring');
    const latches = fc.array(fc.tuple(states, fc.nat(20)), { minLength: 1, maxLength: 4 });
    const permits = fc.record({ order: fc.nat(20), until: fc.nat(200) });
    fc.assert(
      fc.property(latches, permits, (all, decided) => {
        const held = all.map(([state, order], i) => latch(state, order, `s${i}`));
        const standing = standingOf(permit(decided), held, 100);
        const cut = held.some(({ state }) => state === 'severing' || state === 'severed');
        const overtaken = held.some(({ order }) => order > decided.order);
        expect(standing.state === 'fallback').toBe(!cut && !overtaken && decided.until > 100);
        if (cut) expect(standing.state).toBe('forbidden');
      }),
    );
  });
});
