import fc from 'fast-check';
import type { Latch, LatchState } from '../../src/latch/latch';
import { decide, liveLatch } from '../../src/orders/decide';

const ONE = { operators: 1, withinSeconds: 600 };
const TWO = { operators: 2, withinSeconds: 600 };
const latch = (state: LatchState, more: Partial<Latch> = {}): Latch => ({
  ...{ scope: 'agent', state, order: 4, since: 0 },
  ...(state === 'live' ? {} : { incident: 3 }),
  ...more,
});
const sever = { action: 'sever', scope: 'agent' } as const;
const restore = { action: 'restore', scope: 'agent' } as const;

const states = fc.constantFrom<LatchState>('live', 'severing', 'severed', 'restoring');

describe('law 1, stop wins: decide', () => {
  it('accepts a sever in every state, whoever else waits for what', () => {
    fc.assert(
      fc.property(states, fc.boolean(), fc.constantFrom(ONE, TWO), (state, pending, rule) => {
        const before = latch(state, pending ? { pending: { operator: 'bob', at: 0 } } : {});
        expect(decide(before, sever, 'alice', 5, 100, rule)).toEqual({
          kind: 'accept',
          latch: { scope: 'agent', state: 'severing', order: 5, since: 100, incident: before.incident ?? 5 },
        });
      }),
    );
  });

  it('cancels a restore that is under way or that waits for its second operator', () => {
    const restoring = decide(latch('severed'), restore, 'alice', 5, 0, ONE);
    expect(restoring).toMatchObject({ kind: 'accept', latch: { state: 'restoring' } });
    const waiting = decide(latch('severed'), restore, 'alice', 5, 0, TWO);
    if (restoring.kind !== 'accept' || waiting.kind !== 'pending') throw new Error('not as prepared');
    for (const before of [restoring.latch, waiting.latch]) {
      const decision = decide(before, sever, 'token:tripwire', 6, 0, TWO);
      expect(decision).toMatchObject({ kind: 'accept', latch: { state: 'severing', order: 6 } });
      expect(decision).not.toHaveProperty('latch.pending');
    }
  });
});

describe('law 2, latched: decide', () => {
  it('lets nothing but an accepted restore leave the cut', () => {
    fc.assert(
      fc.property(fc.constantFrom<LatchState>('severing', 'severed'), fc.constantFrom(ONE, TWO), (state, rule) => {
        const decision = decide(latch(state), restore, 'alice', 5, 100, rule);
        if (decision.kind === 'accept') expect(rule).toBe(ONE);
        else expect(decision).toMatchObject({ kind: 'pending', latch: { state, order: 4 } });
      }),
    );
  });
});

describe('a restore', () => {
  it('has nothing to do where nothing is severed', () => {
    expect(decide(liveLatch('agent'), restore, 'alice', 1, 0, ONE)).toEqual({
      kind: 'refuse',
      refused: 'nothing-to-restore',
    });
  });

  it.each([
    ['a different operator in time', 'bob', 599_000, 'accept'],
    ['a different operator too late: becomes the first', 'bob', 601_000, 'pending'],
    ['the same operator again', 'alice', 10_000, 'refuse'],
  ])('with two operators: %s', (_what, second, at, kind) => {
    const first = decide(latch('severed'), restore, 'alice', 5, 0, TWO);
    if (first.kind !== 'pending') throw new Error('not as prepared');
    expect(decide(first.latch, restore, second, 5, at, TWO).kind).toBe(kind);
  });
});
