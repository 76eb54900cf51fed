import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is in use once all that nobody holds is gone. Bytes. */
export function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
