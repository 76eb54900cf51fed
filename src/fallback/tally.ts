import type { Sample } from '../tripwire/scrape/exposition';

/** What LiteLLM counts of each deployment, by the end of the name. */
const KINDS = { failure: 'failures', success: 'successes' } as const;
const NAME = /^litellm_deployment_(failure|success)_responses(?:_(total|created))?$/;
const LABELS: ReadonlySet<string> = new Set(['litellm_model_name', 'model_id', 'exception_status']);
/** What the caller did wrong is no failure of the deployment; that it took too long, or refuses for its load, is. */
const isCallers = (status = ''): boolean => /^4\d\d$/.test(status) && status !== '408' && status !== '429';
const NO_LABELS: ReadonlySet<string> = new Set();

/** What is asked for by name, so that LiteLLM doesn't write all that it has. */
export const ASKED_FOR = ['failure', 'success'].flatMap((kind) =>
  ['', '_total', '_created'].map((end) => `litellm_deployment_${kind}_responses${end}`),
);

/** The labels to keep of a sample; undefined for one that is not of a deployment's counters. */
export const wanted = (name: string): ReadonlySet<string> | undefined =>
  NAME.test(name) ? LABELS : name === 'python_info' ? NO_LABELS : undefined;

/** Series that are remembered; the oldest makes room. A LiteLLM has some for each key, client and deployment. */
const CAPACITY = 20_000;

export interface Counted {
  readonly failures: number;
  readonly successes: number;
}

/**
 * How many calls of these deployments failed or went well since the look before. Workers that don't add up their
 * counters answer in turn: each one's are told apart by the time at which they were created, and what was counted before
 * anybody looked is nothing new.
 */
export class DeploymentTally {
  private readonly before = new Map<string, number>();
  private lookedAt: number | undefined;

  constructor(private readonly deployments: readonly string[]) {}

  /** @param at when LiteLLM answered, by its own clock as far as that is this one's. Epoch, in milliseconds. */
  take(samples: readonly Sample[], at: number): Counted {
    const created = new Map<string, number>();
    for (const { name, value, series } of samples)
      if (name.endsWith('_created')) created.set(series.slice(name.length) + kindOf(name), value * 1_000);
    const counted = { failures: 0, successes: 0 };
    for (const sample of samples) {
      const { name, value, series } = sample;
      const kind = kindOf(name);
      if (kind === undefined || name.endsWith('_created') || !this.isOurs(sample) || !(value >= 0)) continue;
      if (isCallers(sample.labels.get('exception_status'))) continue;
      const own = series.slice(name.length) + kind;
      const since = created.get(own);
      const key = `${own}@${since ?? ''}`;
      const known = this.before.get(key);
      // A counter that went down began anew, or another worker answered: what it shows is where it stands now.
      if (known !== undefined && value > known) counted[kind] += value - known;
      else if (known === undefined && this.lookedAt !== undefined && since !== undefined && since > this.lookedAt)
        counted[kind] += value;
      this.keep(key, value);
    }
    this.lookedAt = at;
    return counted;
  }

  private isOurs({ labels }: Sample): boolean {
    return [labels.get('litellm_model_name'), labels.get('model_id')].some(
      (name) => name !== undefined && this.deployments.includes(name),
    );
  }

  private keep(key: string, value: number): void {
    this.before.delete(key);
    this.before.set(key, value);
    const [oldest] = this.before.keys();
    if (this.before.size > CAPACITY && oldest !== undefined) this.before.delete(oldest);
  }
}

function kindOf(name: string): 'failures' | 'successes' | undefined {
  const [, kind] = NAME.exec(name) ?? [];
  return kind === 'failure' || kind === 'success' ? KINDS[kind] : undefined;
}
