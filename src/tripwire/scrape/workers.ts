/**
 * Which process answered. Several workers without `PROMETHEUS_MULTIPROC_DIR` answer in turn, each with counters of its
 * own. Their start times tell them apart to a hundredth of a second, in which two may begin; so the moments when their
 * series of spend began, known to the microsecond, do the rest. A worker that drops idle series
 * (`prometheus_metrics_ttl_seconds`) is known by those that it still has.
 */
export interface Workers {
  /**
   * @param started `process_start_time_seconds`; undefined where the platform has none.
   * @param created When series began, oldest first. Empty before the first use, or where they are switched off.
   * @returns A name that lasts as long as the process, and over restarts of ours; undefined when nothing is known.
   */
  identify(started: number | undefined, created: readonly number[]): string | undefined;
}

interface Known {
  readonly id: string;
  readonly started: number | undefined;
  created: ReadonlySet<number>;
}

/** Workers that are remembered, the last to answer among them. */
const REMEMBERED = 64;
/** Moments that are compared. */
export const COMPARED = 256;

export function createWorkers(): Workers {
  let known: Known[] = [];

  /** Before its first use, or when all that it counted went away: then it is the only one that began at that time. */
  function emptyHanded(started: number | undefined): Known | undefined {
    const [one, another] = known.filter((worker) => worker.started === started);
    return another === undefined ? one : undefined;
  }

  return {
    identify(started, created) {
      const start = started === undefined ? '' : String(started);
      if (created.length === 0) return emptyHanded(started)?.id ?? (start || undefined);
      const moments = new Set(created.slice(0, COMPARED));
      const same = known.find((one) => one.started === started && created.some((moment) => one.created.has(moment)));
      const worker = same ?? { id: `${start}/${Math.min(...moments)}`, started, created: moments };
      worker.created = moments;
      known = [worker, ...known.filter((one) => one !== worker)].slice(0, REMEMBERED);
      return worker.id;
    },
  };
}
