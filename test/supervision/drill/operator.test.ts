import fc from 'fast-check';
import { generateSync } from 'otplib';
import { verifyCode } from '../../../src/operators/totp';
import { createDrillOperator, freshStep } from '../../../src/supervision/drill/operator';

const START = 60_000_000;
const at = (seconds: number): number => START + seconds * 1000;
const STEP = START / 30_000;

it.each([
  ['nothing was used', 10, -1, STEP - 1],
  ['the one before was used', 10, STEP - 1, STEP],
  ['the present one was used', 10, STEP, undefined],
  ['the clock went back', 10, STEP + 5, undefined],
  ['the one before is about to end', 27.5, -1, STEP],
  ['the one before is about to end, and was used', 27.5, STEP - 1, STEP],
])('when %s', (_when, seconds, lastStep, wanted) => expect(freshStep(at(seconds), lastStep)).toBe(wanted));

it('each code that it shows is taken, and taken once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 12 }), async (pauses) => {
      let now = START;
      let lastStep = -1;
      const operator = createDrillOperator(Buffer.alloc(32, 9), () => now);
      operator.takeOffice();
      const secret = operator.current()?.totpSecret ?? '';
      for (const pause of pauses) {
        now += pause;
        if (freshStep(now, lastStep) === undefined) continue;
        const { code, waitedMs } = await operator.code(lastStep, new AbortController().signal);
        expect(waitedMs).toBeLessThan(1_000);
        const check = verifyCode({ secret, code, lastStep, now });
        if (!check.ok) throw new Error(check.reason);
        expect(check.step).toBeGreaterThan(lastStep);
        lastStep = check.step;
        // Two in a row: the first, and what is left of the present step.
        expect(verifyCode({ secret, code, lastStep, now })).toMatchObject({ ok: false, reason: 'code-used' });
      }
    }),
    { numRuns: 200 },
  );
});

it('waits for the next code when both were used', async () => {
  let now = at(29.9);
  const operator = createDrillOperator(Buffer.alloc(32, 9), () => now);
  operator.takeOffice();
  const coming = operator.code(STEP, new AbortController().signal);
  now = at(30);
  const secret = operator.current()?.totpSecret ?? '';
  expect((await coming).code).toBe(generateSync({ secret, epoch: now / 1000 }));
});

it('stops waiting when it is told to', async () => {
  const operator = createDrillOperator(Buffer.alloc(32, 9), () => START);
  const controller = new AbortController();
  const coming = operator.code(STEP, controller.signal);
  controller.abort();
  await expect(coming).rejects.toThrow();
});

it('is in office as long as any term lasts, and each ends once', () => {
  const operator = createDrillOperator(Buffer.alloc(32, 9), () => START);
  expect(operator.current()).toBeUndefined();
  const [first, second] = [operator.takeOffice(), operator.takeOffice()];
  first();
  first();
  expect(operator.current()).toBeDefined();
  second();
  expect(operator.current()).toBeUndefined();
});
