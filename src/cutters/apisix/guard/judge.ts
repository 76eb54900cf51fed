import { GUARD_VERSION, type GuardState } from './api';

/**
 * What keeps a guard from cutting at once in every worker, in words that say what to do. Empty when all is well.
 * @param written moments ago: then its workers are still about to hear of it.
 */
export function faultsOf(
  { version, expected, serial, workers, lease_over }: GuardState,
  written = false,
): readonly string[] {
  const serving = workers.filter(({ draining }) => !draining);
  const heard = workers.filter((worker) => worker.serial >= serial);
  const unarmed = serving.filter(({ armed }) => !armed);
  const deaf = workers.length - heard.length;
  const faults: readonly (readonly [boolean, string])[] = [
    [
      version !== GUARD_VERSION,
      `it has version ${version}, and this Pullcord wants ${GUARD_VERSION}: install the file that came with it`,
    ],
    [
      serving.length < expected,
      `only ${serving.length} of ${expected} workers report: look at the error log of the gateway`,
    ],
    [unarmed.length > 0, `${unarmed.length} of ${serving.length} workers know no global rule that runs it`],
    [deaf > 0 && !written, `${deaf} of ${workers.length} workers have not heard of the newest set`],
    [lease_over, 'it had heard nothing for its lease and failed closed'],
  ];
  return faults.filter(([is]) => is).map(([, words]) => words);
}
