import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import type { GatewayConfig } from '../../config/schema';
import { ask, type Head } from '../scrape/ask';
import { TooMany } from '../scrape/counters';
import { type Exposition, MalformedExposition, readExposition } from '../scrape/exposition';
import type { Unseen, Why } from '../scrape/look';
import { type Remedies, unseen } from '../scrape/remedies';
import { createCount, type NodeCount } from './count';

/** One node of a gateway, asked what it counts. */
export interface GatewayNode {
  readonly gateway: string;
  /** `gateway main (apisix.example.org:9091)` */
  readonly name: string;
  /** Never throws. @param signal gives it up. */
  look(signal: AbortSignal): Promise<NodeLook>;
  close(): void;
}

export type NodeLook = { readonly ok: true; readonly count: NodeCount } | Unseen;

export interface NodeOptions extends Pick<GatewayConfig, 'caFile' | 'timeoutMs'> {
  readonly gateway: string;
  readonly url: string;
  /** Of an exposition, after decompression. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 32 * 1_048_576;

/** What to do about each reason not to see, in the language of whoever set APISIX up. */
const ON = "Switch its plugin prometheus on, and let plugin_attr.prometheus.export_addr of APISIX's config.yaml say";
const REMEDIES: Remedies = {
  'no-answer': `${ON} an address that is reached from here: APISIX itself says 127.0.0.1.`,
  timeout: 'The gateway is overloaded, or timeoutMs is too short for what it shows.',
  unauthorised: 'Something in front of the metrics wants a password: let metricsUrls lead past it.',
  'not-premium': '',
  'not-metrics': 'metricsUrls has to lead to the metrics: http://<node>:9091/apisix/prometheus/metrics.',
  'led-elsewhere': 'Let metricsUrls name the address that it is led to.',
  'bad-status': 'Look into the error log of APISIX.',
  'too-large': 'Switch labels off by disabled_labels in the metadata of the plugin prometheus, or let metrics expire.',
  malformed: 'Something between here and the gateway cuts or changes what it shows.',
  'no-callbacks': 'metricsUrls has to lead to APISIX, http://<node>:9091/apisix/prometheus/metrics.',
  'nothing-shown': 'metricsUrls has to lead to APISIX, http://<node>:9091/apisix/prometheus/metrics.',
  'no-database': '',
  stopped: 'Nothing: Pullcord ended it.',
};

/** @throws Error when `caFile` can't be read. */
export function createGatewayNode(options: NodeOptions): GatewayNode {
  const { gateway, url, caFile, timeoutMs, maxBytes = MAX_BYTES } = options;
  const agents = {
    httpAgent: new HttpAgent(),
    httpsAgent: new HttpsAgent(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
  };
  const http = axios.create(agents);
  const name = `gateway ${gateway} (${new URL(url).host})`;
  const fail = (why: Why, what: string): Unseen => unseen(why, what, REMEDIES[why]);

  function refusal({ status, contentType }: Head): Unseen | undefined {
    if (status === 401 || status === 403)
      return fail('unauthorised', `${name} refuses to show its metrics (${status})`);
    if (status === 404) return fail('not-metrics', `${name} has no metrics there (404)`);
    if (status !== 200) return fail('bad-status', `${name} answered ${status}`);
    if (/^(text\/plain|application\/openmetrics-text)\b|^$/.test(contentType)) return undefined;
    return fail('not-metrics', `${name} shows ${contentType.split(';')[0]?.slice(0, 60)}, not metrics`);
  }

  function misread(error: unknown): Unseen | undefined {
    if (error instanceof MalformedExposition)
      return fail('malformed', `The metrics of ${name} cannot be read, ${error.message}`);
    if (error instanceof TooMany) return fail('too-large', `${name} shows ${error.message}`);
    return undefined;
  }

  return {
    ...{ gateway, name },
    async look(signal) {
      const count = createCount();
      let exposition: Exposition | undefined;
      const trouble = await ask({
        ...{
          http,
          url,
          timeoutMs,
          maxBytes,
          signal,
          accept: 'text/plain;version=0.0.4',
          who: { name, remedies: REMEDIES },
        },
        onHead(head) {
          exposition = readExposition({ wanted: count.wanted, onSample: count.onSample });
          return refusal(head);
        },
        onText: (text) => exposition?.write(text),
        onEnd: () => exposition?.end(),
        onError: misread,
      });
      if (trouble) return trouble;
      const result = count.result();
      return result ? { ok: true, count: result } : fail('no-callbacks', `What answers at ${name} is not APISIX`);
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}
