import { readFileSync } from 'node:fs';
import { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import type { TripwireSource } from '../config/tripwire';
import { ask } from '../tripwire/scrape/ask';
import { type Exposition, MalformedExposition, readExposition, type Sample } from '../tripwire/scrape/exposition';
import { ACCEPT, isOpenMetrics, metricsUrl } from '../tripwire/scrape/metrics';
import { unseen } from '../tripwire/scrape/remedies';
import { type Glimpse, NOTHING } from './look';
import { ASKED_FOR, DeploymentTally, wanted } from './tally';

export interface DeploymentsOptions {
  readonly source: TripwireSource;
  /** The primary's deployments. */
  readonly deployments: readonly string[];
  readonly now: () => number;
}

const MOST_BYTES = 8 * 1024 * 1024;
const MOST_SAMPLES = 50_000;

/**
 * What LiteLLM saw of the primary: how many calls to its deployments failed since the look before, and how many went
 * well. What can't be read is nothing seen.
 */
export function createDeployments({ source, deployments, now }: DeploymentsOptions) {
  const { url, token, timeoutMs, caFile } = source;
  const agent = caFile === undefined ? {} : { httpsAgent: new HttpsAgent({ ca: readFileSync(caFile) }) };
  const http = axios.create({ ...agent, proxy: false, maxRedirects: 0, maxContentLength: MOST_BYTES });
  const named = `${metricsUrl(url)}?${new URLSearchParams(ASKED_FOR.map((name): [string, string] => ['name[]', name]))}`;
  const tally = new DeploymentTally(deployments);

  return async (closing: AbortSignal): Promise<Glimpse> => {
    const samples: Sample[] = [];
    let exposition: Exposition | undefined;
    let at = now();
    const trouble = await ask({
      ...{ http, url: named, token, timeoutMs, maxBytes: MOST_BYTES, signal: closing, accept: ACCEPT },
      onHead(head) {
        at = now();
        exposition = readExposition({
          wanted,
          onSample: (sample) => {
            if (samples.length < MOST_SAMPLES) samples.push(sample);
          },
          endMarker: isOpenMetrics(head),
        });
        return head.status === 200 ? undefined : unseen('bad-status', `LiteLLM answered ${head.status}`);
      },
      onText: (text) => exposition?.write(text),
      onEnd: () => exposition?.end(),
      onError: (error) =>
        error instanceof MalformedExposition ? unseen('malformed', "LiteLLM's metrics cannot be read") : undefined,
    });
    if (trouble) return NOTHING;
    const { failures, successes } = tally.take(samples, at);
    if (failures === 0) return { failures, successes };
    return { failures, successes, why: `LiteLLM counts ${failures} failed calls of ${deployments.join(', ')}` };
  };
}
