import { createCounters, isCounter } from './counters';
import type { Sample } from './exposition';
import { createFacts, isBudget } from './facts';
import type { Gauges } from './gauges';
import type { Scrape } from './look';
import { CREATED, EARLY, LABELS, NOT_PREMIUM, PID, START_TIME } from './names';
import { createRequestCount, isRequestCounter } from './requests';
import { COMPARED, type Workers } from './workers';

/** Makes a `Scrape` of the samples of one exposition. */
export interface Tally {
  /** As `ExpositionOptions` wants it. */
  wanted(name: string): ReadonlySet<string> | undefined;
  onType(name: string): void;
  /** @throws TooMany */
  onSample(sample: Sample): void;
  /** What there is of LiteLLM: its metrics, if only declared; the word that it has no licence for them; nothing. */
  readonly kind: 'metrics' | 'not-premium' | 'none';
  scrape(look: { readonly source: string; readonly at: number; readonly samples: number }): Scrape;
}

/** What is remembered of a source from look to look. */
export interface TallyOptions {
  readonly workers: Workers;
  readonly gauges: Gauges;
  /** Keys and models together. */
  readonly maxPairs?: number | undefined;
}

const MAX_PAIRS = 100_000;
const NO_LABELS: ReadonlySet<string> = new Set();

export function createTally({ workers, gauges, maxPairs = MAX_PAIRS }: TallyOptions): Tally {
  const counters = createCounters(maxPairs);
  const requests = createRequestCount();
  const facts = createFacts(gauges);
  const counted = new Set<string>();
  const created: number[] = [];
  let started: number | undefined;
  let multiprocess = false;
  let unreadable = 0;
  let kind: Tally['kind'] = 'none';

  function onType(name: string): void {
    if (kind === 'metrics' || !name.startsWith('litellm_')) return;
    kind = NOT_PREMIUM.test(name) ? 'not-premium' : 'metrics';
  }

  return {
    wanted(name) {
      onType(name);
      if (name === START_TIME || name === CREATED) return NO_LABELS;
      if (EARLY.test(name)) return PID;
      return isCounter(name) || isRequestCounter(name) || isBudget(name) ? LABELS : undefined;
    },
    onType,
    onSample(sample) {
      const { name, labels, value } = sample;
      if (labels.has('pid')) multiprocess = true;
      if (EARLY.test(name)) return;
      if (name === START_TIME) started = value;
      else if (name === CREATED) {
        if (created.length < COMPARED) created.push(value);
      } else if (isBudget(name)) facts.takeBudget(sample);
      else if (!Number.isFinite(value) || value < 0) unreadable += 1;
      else if (!counted.has(sample.series)) {
        // Prometheus, too, keeps the first of two that say they are the same.
        counted.add(sample.series);
        if (isRequestCounter(name)) return requests.take(sample);
        counters.take(sample);
        facts.learn(labels);
      }
    },
    get kind() {
      return kind;
    },
    scrape({ source, at, samples }) {
      const process = multiprocess ? undefined : workers.identify(started, created);
      const since = created.length > 0 ? Math.min(...created) : started;
      const who = {
        ...{ at, source },
        ...(process === undefined ? {} : { process }),
        ...(process === undefined || since === undefined ? {} : { countingSince: since * 1_000 }),
      };
      return {
        readings: Array.from(counters.usages(), (usage) => ({ ...who, ...usage })),
        ...facts.result(at),
        requests: requests.result(),
        ...{ process, multiprocess, unreadable, samples },
      };
    },
  };
}
