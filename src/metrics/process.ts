import { collectDefaultMetrics, Registry } from 'prom-client';

let own: Registry | undefined;

/**
 * What is of the process and not of one Pullcord in it: CPU, memory, file descriptors, the event loop, garbage. Under the
 * standard names, which every dashboard for Node.js knows. Begun at the first scrape: it takes a timer and an observer,
 * which prom-client never ends.
 */
export function processMetrics(): Registry {
  if (!own) {
    own = new Registry();
    collectDefaultMetrics({ register: own });
  }
  return own;
}
