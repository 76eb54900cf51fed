import fc from 'fast-check';
import {
  type Answer,
  type Asked,
  isOvertaken,
  type Kept,
  LEASE_MS,
  LEAVE_MS,
  mayCutUntil,
  mayReleaseUntil,
  PATIENCE_MS,
} from '../../src/latch/turn';

const ORDER = 7;
const AT = 10_000;
/** The database answered in 5 ms. */
const asked = (answer: Answer, more: Partial<Asked> = {}): Asked => ({
  ...{ order: ORDER, askedAt: AT, answeredAt: AT + 5, answer },
  ...more,
});
const held: Answer = { held: true, untilMs: AT + LEASE_MS };
const others = (fence: number): Answer => ({ held: false, holder: 'other', fence, leftMs: 1_000 });
const since = (ms: number, order = ORDER): Kept => ({ order, since: AT + 5 - ms });

describe('who may write now', () => {
  it.each<[string, Asked, Kept | undefined, number | undefined, number | undefined]>([
    ['the lease is ours', asked(held), undefined, AT + LEAVE_MS, AT + LEAVE_MS],
    ['ours, and about to end', asked({ held: true, untilMs: AT + 50 }), undefined, AT + 50, AT + 50],
    ['another one has it for the same order', asked(others(ORDER)), since(100), undefined, undefined],
    ['and has had it for too long', asked(others(ORDER)), since(PATIENCE_MS), AT + 5 + LEAVE_MS, undefined],
    ['for too long, but for the order before', asked(others(ORDER)), since(PATIENCE_MS, 6), undefined, undefined],
    ['another one has it for a later order', asked(others(8)), since(PATIENCE_MS), undefined, undefined],
    ['law 4: the database is silent', asked('silent'), undefined, AT + 5 + LEAVE_MS, undefined],
    ['law 4: silent, after it said no', asked('silent'), since(100), AT + 5 + LEAVE_MS, undefined],
  ])('%s', (_what, question, kept, cutUntil, releaseUntil) => {
    expect(mayCutUntil(question, kept)).toBe(cutUntil);
    expect(mayReleaseUntil(question)).toBe(releaseUntil);
  });

  const answers = fc.oneof(
    fc.constant<Answer>('silent'),
    fc.record({ held: fc.constant(true as const), untilMs: fc.integer({ min: AT, max: AT + LEASE_MS }) }),
    fc.record({
      ...{ held: fc.constant(false as const), holder: fc.constant('other') },
      ...{ fence: fc.nat(20), leftMs: fc.nat(LEASE_MS) },
    }),
  );
  const questions = fc
    .record({ order: fc.nat(20), answer: answers, took: fc.nat(3_000) })
    .filter(({ order, answer }) => answer === 'silent' || answer.held || answer.fence >= order)
    .map(({ order, answer, took }): Asked => ({ order, answer, askedAt: AT, answeredAt: AT + took }));
  const keeps = fc.option(fc.record({ order: fc.nat(20), since: fc.nat(AT) }), { nil: undefined });

  it('law 4: nothing is given back but under a lease that was answered for, and no longer than a leave lasts from the question on', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const until = mayReleaseUntil(question);
        if (question.answer === 'silent' || !question.answer.held) return until === undefined;
        return until !== undefined && until <= question.askedAt + LEAVE_MS && until <= question.answer.untilMs;
      }),
    );
  });

  it('law 1: once a later order is known nothing is written, however long it takes', () => {
    fc.assert(
      fc.property(questions, keeps, (question, kept) => {
        if (!isOvertaken(question)) return;
        expect(mayCutUntil(question, kept)).toBeUndefined();
        expect(mayReleaseUntil(question)).toBeUndefined();
      }),
    );
  });

  it('law 4: a cut is kept back by nothing but an answer that names somebody else', () => {
    fc.assert(
      fc.property(questions, keeps, (question, kept) => {
        const isNamed = question.answer !== 'silent' && !question.answer.held;
        return isNamed || mayCutUntil(question, kept) !== undefined;
      }),
    );
  });
});
