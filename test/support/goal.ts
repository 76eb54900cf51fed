import { ALWAYS, type Goal } from '../../src/cutters/cutter';

/** A goal as the enforcer would hand it in; leave to release is given unless said otherwise. */
export const goalOf = (severed: readonly string[], order: number, mayRelease = async () => true): Goal => ({
  order,
  severed: new Set(severed),
  urgent: true,
  mayCut: async () => ALWAYS,
  mayRelease: async () => ((await mayRelease()) ? ALWAYS : undefined),
});

/** The signal of a pass that nothing overtakes. */
export const notOvertaken = (): AbortSignal => new AbortController().signal;
