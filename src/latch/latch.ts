/** The state of a scope. */
export type LatchState = 'live' | 'severing' | 'severed' | 'restoring';

export interface Latch {
  readonly scope: string;
  readonly state: LatchState;
  /** Number of the order that set this state; 0 when none ever did. */
  readonly order: number;
  /** When this state began. Epoch, in milliseconds. */
  readonly since: number;
  /** Number of the sever that opened the incident which is still open, if one is. */
  readonly incident?: number;
  /** A first operator's RESTORE that waits for a second one. */
  readonly pending?: { readonly operator: string; readonly at: number };
}

/** Whether the gateways have to refuse this scope. */
export const isCut = (latch: Latch): boolean => latch.state === 'severing' || latch.state === 'severed';
