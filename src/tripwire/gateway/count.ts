import { TooMany } from '../scrape/counters';
import type { Sample } from '../scrape/exposition';
import { TOKEN_ROUTE } from '../scrape/names';
import { own } from '../scrape/own';
import { INFO, INFO_LABELS, STATUS, STATUS_LABELS } from './names';

/** What one look at one node of a gateway showed. */
export interface NodeCount {
  /** What the node calls itself: behind one address there may be several. */
  readonly host: string;
  /**
   * Since the node began to count, by the route's id, or its name: requests for what has tokens, passed on to an upstream
   * and answered with 2xx. 0 where there were others alone.
   */
  readonly routes: ReadonlyMap<string, number>;
  /** Routes whose pattern takes more than what has tokens, where nothing tells the requests apart. */
  readonly blurred: ReadonlySet<string>;
}

/** Makes a `NodeCount` of the samples of one exposition. */
export interface Count {
  /** As `ExpositionOptions` wants it. */
  wanted(name: string): ReadonlySet<string> | undefined;
  /** @throws TooMany */
  onSample(sample: Sample): void;
  /** Undefined when it wasn't APISIX that answered. */
  result(): NodeCount | undefined;
}

const MAX_SERIES = 100_000;

export function createCount(maxSeries = MAX_SERIES): Count {
  const routes = new Map<string, number>();
  const blurred = new Set<string>();
  const counted = new Set<string>();
  let host: string | undefined;

  function take({ labels, value }: Sample): void {
    const label = (name: string): string => labels.get(name) ?? '';
    const route = label('route');
    if (route === '' || !Number.isFinite(value) || value < 0) return;
    const costs = costsMoney(label('matched_uri'), labels.get('request_method'));
    if (costs === undefined) blurred.add(route);
    if (!costs) return;
    const passed = /^2\d\d$/.test(label('code')) && isPassedOn(label('node'), label('response_source'));
    routes.set(route, (routes.get(route) ?? 0) + (passed ? value : 0));
  }

  return {
    wanted: (name) => (STATUS.test(name) ? STATUS_LABELS : INFO.test(name) ? INFO_LABELS : undefined),
    onSample(sample) {
      if (INFO.test(sample.name)) {
        host = own(sample.labels.get('hostname') ?? '');
        return;
      }
      // Prometheus, too, keeps the first of two that say they are the same.
      if (counted.has(sample.series)) return;
      if (counted.size >= maxSeries) throw new TooMany(`more than ${maxSeries} series of requests`);
      counted.add(sample.series);
      take(sample);
    },
    result() {
      if (host === undefined) return undefined;
      const owned = [...routes].map(([route, passed]): [string, number] => [own(route), passed]);
      const others = [...blurred].filter((route) => !routes.has(route)).map(own);
      return { host, routes: new Map(owned), blurred: new Set(others) };
    },
  };
}

/**
 * Whether requests of such a series are for completions, embeddings and the like; undefined: some may be. The exporter
 * tells no path, only the route's pattern; and LiteLLM's list of models, asked for each minute, costs nothing.
 */
function costsMoney(uri: string, method: string | undefined): boolean | undefined {
  if (method !== undefined && method !== '' && method !== 'POST') return false;
  if (TOKEN_ROUTE.test(uri)) return true;
  if (!/[*:]|^$/.test(uri)) return false;
  return method === 'POST' ? true : undefined;
}

/** What the gateway answers by itself (CORS, a mock, a cache) went nowhere. Before 3.18 the node alone tells it. */
const isPassedOn = (node: string, source: string): boolean => (source === '' ? node !== '' : source === 'upstream');
