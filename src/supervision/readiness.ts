/** One part of the way from the phone to the cut. */
export interface Part {
  readonly name: string;
  readonly ok: boolean;
  /** Without it, is there no way left on which a stop could be carried out? */
  readonly vital: boolean;
  readonly detail: string;
}

export interface Readiness {
  /** `armed`: all works. `degraded`: a stop still works. `disarmed`: a stop would not work now. */
  readonly state: 'armed' | 'degraded' | 'disarmed';
  readonly parts: readonly Omit<Part, 'vital'>[];
}

/** Sums up the parts. Fails towards `disarmed`: with no gateway or no door at all there is nothing to pull. */
export function readiness(parts: readonly Part[]): Readiness {
  const vital = parts.filter((part) => part.vital);
  const state =
    vital.length === 0 || vital.some((part) => !part.ok)
      ? 'disarmed'
      : parts.every((part) => part.ok)
        ? 'armed'
        : 'degraded';
  return { state, parts: parts.map(({ name, ok, detail }) => ({ name, ok, detail })) };
}
