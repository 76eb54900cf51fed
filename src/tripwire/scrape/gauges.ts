/**
 * Gauges of several processes: with `PROMETHEUS_MULTIPROC_DIR` each has a series of its own, told by the label `pid`,
 * and those of processes that are gone stay for ever, at what they last were. What moved last is what holds; of what
 * hasn't moved since we look, the lowest, so that a budget that may be spent is not taken for one that is left.
 */
export interface Gauges {
  /** Takes all gauges of one look, by name and process (`''`: no `pid`). Forgets those that it doesn't hold. */
  settle(look: ReadonlyMap<string, ReadonlyMap<string, number>>): ReadonlyMap<string, number>;
}

interface Held {
  readonly value: number;
  /** The look that moved it; 0: it hasn't moved yet. */
  readonly moved: number;
}

export function createGauges(): Gauges {
  let held = new Map<string, ReadonlyMap<string, Held>>();
  let look = 0;

  return {
    settle(gauges) {
      look += 1;
      const now = new Map<string, ReadonlyMap<string, Held>>();
      const settled = new Map<string, number>();
      for (const [name, processes] of gauges) {
        const before = held.get(name);
        const current = new Map<string, Held>();
        let best: Held | undefined;
        for (const [pid, value] of processes) {
          const was = before?.get(pid);
          const moved = before === undefined ? 0 : was === undefined || was.value !== value ? look : was.moved;
          const one = { value, moved };
          current.set(pid, one);
          if (best === undefined || moved > best.moved || (moved === best.moved && value < best.value)) best = one;
        }
        if (processes.size > 1) now.set(name, current);
        if (best !== undefined) settled.set(name, best.value);
      }
      held = now;
      return settled;
    },
  };
}
