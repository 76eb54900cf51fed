/** One thing that was looked at, in words without a secret. */
export interface Finding {
  /** What it is about: `gateway main`, `operators`. */
  readonly check: string;
  /** `fault`: the switch would fail on the day, or would not be seen to work. */
  readonly level: 'ok' | 'warning' | 'fault';
  readonly what: string;
  /** What to do now. */
  readonly advice?: string;
  /** A warning to who looks once: it may pass, or nothing is known. To who looks all the time it is trouble. */
  readonly doubt?: true;
  /** A warning that may be as it should be: it is shown, and nobody is called for it. */
  readonly quiet?: true;
}

/** Makes findings about one thing. Whoever says that something is wrong has to say what to do. */
export const about = (check: string) => ({
  ok: (what: string): Finding => ({ check, level: 'ok', what }),
  warning: (what: string, advice: string): Finding => ({ check, level: 'warning', what, advice }),
  doubt: (what: string, advice: string): Finding => ({ check, level: 'warning', what, advice, doubt: true }),
  quiet: (what: string, advice: string): Finding => ({ check, level: 'warning', what, advice, quiet: true }),
  fault: (what: string, advice: string): Finding => ({ check, level: 'fault', what, advice }),
});
