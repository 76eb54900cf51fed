import { setTimeout as pause } from 'node:timers/promises';
import { generateSync, ScureBase32Plugin } from 'otplib';
import type { Clock } from '../../clock';
import type { Operator } from '../../operators/operator';
import { PERIOD_SECONDS } from '../../operators/totp';
import { DRILL_OPERATOR, DRILL_PHONE } from '../../orders/drill';

/**
 * The person that a drill stands in for: in memory alone, and in office only while one is under way. What it may order
 * is decided where all orders are (`authoriseDrill`); here is nothing but its code.
 */
export interface DrillOperator {
  /** Undefined while nobody is in office. */
  current(): Operator | undefined;
  /** @returns how to end it. Several terms at a time are one. */
  takeOffice(): () => void;
  /**
   * A code that was not used yet; waits for the next one where there is none.
   * @param lastStep the newest time step that was used, -1 for none.
   * @throws Error when none comes up, for the clock stands still or went back
   */
  code(lastStep: number, signal: AbortSignal): Promise<FreshCode>;
}

export interface FreshCode {
  readonly code: string;
  /** Milliseconds. */
  readonly waitedMs: number;
}

/** Base32 of so many bytes is what authenticator apps have (RFC 4226, 4, R6). */
const SECRET_BYTES = 20;
const PERIOD_MS = PERIOD_SECONDS * 1000;
/** A code this close to its end could be too old when it is looked at. Milliseconds. */
const MARGIN_MS = 3_000;
const LOOK_EVERY_MS = 200;
const GIVE_UP_MS = 2 * PERIOD_MS + MARGIN_MS;

/** @param key 32 bytes that no other purpose has. */
export function createDrillOperator(key: Buffer, now: Clock): DrillOperator {
  const operator: Operator = {
    name: DRILL_OPERATOR,
    phones: [DRILL_PHONE],
    rights: ['stop', 'restore'],
    totpSecret: new ScureBase32Plugin().encode(key.subarray(0, SECRET_BYTES)),
    backupCodes: [],
  };
  let terms = 0;
  return {
    current: () => (terms > 0 ? operator : undefined),
    takeOffice: () => {
      terms += 1;
      let over = false;
      return () => {
        if (!over) terms -= 1;
        over = true;
      };
    },
    async code(lastStep, signal) {
      const began = performance.now();
      for (;;) {
        const step = freshStep(now(), lastStep);
        const waitedMs = Math.round(performance.now() - began);
        if (step !== undefined)
          return { code: generateSync({ secret: operator.totpSecret, epoch: step * PERIOD_SECONDS }), waitedMs };
        if (waitedMs > GIVE_UP_MS) throw new Error('No fresh one-time password came up: the clock went back. Mend it.');
        await pause(LOOK_EVERY_MS, undefined, { signal });
      }
    },
  };
}

/**
 * The time step whose code to use now: the one before, as long as it still counts (a text may be slow), so that the
 * present one is left for the next order. So a STOP and its RESTORE need no wait, and each code is used once all the
 * same. Undefined when every code that counts was used. Pure.
 * @param now epoch, in milliseconds.
 */
export function freshStep(now: number, lastStep: number): number | undefined {
  const step = Math.floor(now / PERIOD_MS);
  if (step - 1 > lastStep && (step + 1) * PERIOD_MS - now > MARGIN_MS) return step - 1;
  return step > lastStep ? step : undefined;
}
