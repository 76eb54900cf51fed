import fc from 'fast-check';
import { generateSecret, generateSync } from 'otplib';
import { clockOffsetSeconds, verifyCode } from '../../src/operators/totp';

const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const STEP = 50_000_000;
const begin = (step: number): number => step * 30_000;
const codeOf = (step: number): string => generateSync({ secret, epoch: step * 30 });
const NEVER = -1;

describe('RFC 6238, appendix B, SHA-1', () => {
  // The secret is the ASCII of 12345678901234567890; the RFC shows 8 digits, of which apps show the last 6.
  const rfcSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  it.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('at %i s', (seconds, eight) => {
    const check = verifyCode({ secret: rfcSecret, code: eight.slice(2), lastStep: NEVER, now: seconds * 1000 });
    expect(check).toEqual({ ok: true, step: Math.floor(seconds / 30) });
  });
});

describe('a code', () => {
  const check = (code: string, now: number, lastStep = NEVER) => verifyCode({ secret, code, lastStep, now });
  const good = { ok: true, step: STEP };
  const wrong = { ok: false, reason: 'code-wrong' };
  const used = { ok: false, reason: 'code-used' };

  it.each<[name: string, now: number, expected: object]>([
    ['a millisecond before its step', begin(STEP) - 1, wrong],
    ['at the first millisecond of its step', begin(STEP), good],
    ['at the last millisecond of its step', begin(STEP + 1) - 1, good],
    ['at the first millisecond of the next step', begin(STEP + 1), good],
    ['at the last millisecond of the next step', begin(STEP + 2) - 1, good],
    ['two steps old', begin(STEP + 2), wrong],
    ['a day old', begin(STEP + 2880), wrong],
  ])('%s', (_, now, expected) => {
    expect(check(codeOf(STEP), now)).toEqual(expected);
  });

  it('is accepted once', () => {
    expect(check(codeOf(STEP), begin(STEP), STEP - 1)).toEqual(good);
    expect(check(codeOf(STEP), begin(STEP), STEP)).toEqual(used);
    expect(check(codeOf(STEP), begin(STEP + 1), STEP)).toEqual(used);
  });

  it('is refused after a newer one', () => {
    expect(check(codeOf(STEP), begin(STEP + 1), STEP + 1)).toEqual(used);
  });

  it('leaves the next one good', () => {
    expect(check(codeOf(STEP + 1), begin(STEP + 1), STEP)).toEqual({ ok: true, step: STEP + 1 });
  });

  it('is wrong, not used, when it never was one', () => {
    const taken = [codeOf(STEP - 1), codeOf(STEP)];
    const never = ['111111', '222222', '333333'].find((code) => !taken.includes(code)) ?? '';
    expect(check(never, begin(STEP), STEP)).toEqual(wrong);
  });

  it.each(['', '1', '12345', '1234567', '12345a', '12 456', ' 12345', '-12345', '１２３４５６', '123456\n'])(
    'is not %j',
    (code) => {
      expect(check(code, begin(STEP))).toEqual(wrong);
    },
  );

  it('is in doubt when the clock went back', () => {
    expect(check(codeOf(STEP), begin(STEP), STEP + 1)).toEqual({ ok: false, reason: 'clock-in-doubt' });
    expect(check('111111', begin(STEP), STEP + 10_000)).toEqual({ ok: false, reason: 'clock-in-doubt' });
  });

  it.each(['', 'JBSWY3DP', 'not base32 !!'])('is wrong for the broken secret %j', (broken) => {
    expect(verifyCode({ secret: broken, code: '123456', lastStep: NEVER, now: begin(STEP) })).toEqual(wrong);
  });

  it('counts for the secret that made it, in its step and the next, whatever the secret and the time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000_000 }), fc.integer({ min: 0, max: 59_999 }), (step, later) => {
        const own = generateSecret();
        const code = generateSync({ secret: own, epoch: step * 30 });
        const now = begin(step) + later;
        expect(verifyCode({ secret: own, code, lastStep: step - 1, now })).toEqual({ ok: true, step });
        expect(verifyCode({ secret: own, code, lastStep: step, now })).toEqual({ ok: false, reason: 'code-used' });
      }),
    );
  });
});

describe('the offset of a clock', () => {
  it.each([
    ['none', 0],
    ['four minutes ahead', 8],
    ['ten minutes behind', -20],
  ])('is seen: %s', (_, steps) => {
    const offset = clockOffsetSeconds({ secret, code: codeOf(STEP + steps), now: begin(STEP) });
    expect(offset).toBe(steps * 30);
  });

  it('is not seen in a code of another secret, or in none', () => {
    const code = generateSync({ secret: 'KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU', epoch: STEP * 30 });
    expect(clockOffsetSeconds({ secret, code, now: begin(STEP) })).toBeUndefined();
    expect(clockOffsetSeconds({ secret, code: 'x', now: begin(STEP) })).toBeUndefined();
  });
});
