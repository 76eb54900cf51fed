import { verifySync } from 'otplib';

/**
 * One-time passwords of the operators: RFC 6238 with SHA-1, 6 digits and steps of 30 s, as authenticator apps make
 * them. Fails towards "refused": what the library throws on is no valid code.
 */

export const PERIOD_SECONDS = 30;
/**
 * One step back, so that a slow text message still counts: a code lives for 30 to 59 s after it appeared (RFC 6238,
 * 5.2: at most one step for the delay). None ahead: no message arrives before it was sent.
 */
const GRACE_SECONDS: [past: number, future: number] = [PERIOD_SECONDS, 0];
/** How far apart two clocks may stand for `clockOffsetSeconds` to see it; the library's limit is 1,470. */
const OFFSET_SECONDS = 900;

export type CodeCheck =
  /** `step` is to be stored by compare-and-set, together with what the code allowed. */
  | { readonly ok: true; readonly step: number }
  | { readonly ok: false; readonly reason: 'code-wrong' | 'code-used' | 'clock-in-doubt' };

interface Question {
  /** Base32, at least 16 bytes. */
  readonly secret: string;
  readonly code: string;
  /** Epoch, in milliseconds. */
  readonly now: number;
}

/**
 * Whether this code counts now, and for the first time. Pure: it keeps nothing.
 * @param lastStep the newest time step that was accepted from this operator; -1 when none ever was. Older steps are
 * refused too. When it lies beyond the present, the clock went back.
 */
export function verifyCode({ secret, code, lastStep, now }: Question & { readonly lastStep: number }): CodeCheck {
  const question = { secret, token: code, epoch: Math.floor(now / 1000), epochTolerance: GRACE_SECONDS };
  try {
    const fresh = verifySync(lastStep < 0 ? question : { ...question, afterTimeStep: lastStep });
    if (fresh.valid && 'timeStep' in fresh) return { ok: true, step: fresh.timeStep };
    return { ok: false, reason: verifySync(question).valid ? 'code-used' : 'code-wrong' };
  } catch (error) {
    const clockWentBack = error instanceof Error && error.name === 'AfterTimeStepRangeExceededError';
    return { ok: false, reason: clockWentBack ? 'clock-in-doubt' : 'code-wrong' };
  }
}

/**
 * Why a code of a phone in the same room is wrong: how far its clock is ahead of ours (negative: behind), in seconds,
 * in whole steps. Undefined when the code is wrong for another reason. Never a reason to accept the code.
 */
export function clockOffsetSeconds({ secret, code, now }: Question): number | undefined {
  try {
    const epoch = Math.floor(now / 1000);
    const found = verifySync({ secret, token: code, epoch, epochTolerance: OFFSET_SECONDS });
    return found.valid ? found.delta * PERIOD_SECONDS : undefined;
  } catch {
    return undefined;
  }
}
