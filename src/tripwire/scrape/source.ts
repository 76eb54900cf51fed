import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import { createDatabase, type DatabaseSettings } from './database';
import { trim } from './key-spend';
import type { Look, Moment, Scrape, Seen, Unseen } from './look';
import { createMetrics } from './metrics';
import { unseen } from './remedies';

/** One LiteLLM proxy, looked at. */
export interface Source {
  readonly name: string;
  /** One look. Never throws. Not to be called again before it has answered. @param signal gives the look up. */
  look(signal: AbortSignal): Promise<Look>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

export interface SourceSettings {
  /** Of this proxy, among all that are watched. */
  readonly name: string;
  /**
   * The proxy's address, or that of its metrics where they have a port of their own (`http://litellm:4000`,
   * `http://litellm:9090/metrics`). Without it there is only the database, which knows money but no tokens, and late.
   */
  readonly url?: string | undefined;
  /** A key that may read the metrics: any virtual key, LiteLLM from 1.84 on. Sent nowhere but to the origin of `url`. */
  readonly token?: string | undefined;
  /** PEM, for `https`: the authority that signed LiteLLM's certificate. */
  readonly caFile?: string | undefined;
  /** For each look as a whole. */
  readonly timeoutMs: number;
  /** LiteLLM's list of keys: budgets, names, and the spend of keys that no metric shows. For one proxy of several. */
  readonly database?: DatabaseSettings | undefined;
}

export interface SourceOptions extends SourceSettings {
  /** Epoch, in milliseconds. */
  readonly now: () => number;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic: () => number;
  /**
   * Keys that any Prometheus endpoint ever showed. Sources of proxies that share a database have to share it, too:
   * what it holds is not counted from the database.
   */
  readonly shown?: Set<string> | undefined;
  /** Which source counts a key from the database. To be shared as `shown` is: then two that read one count it once. */
  readonly counters?: Map<string, string> | undefined;
  /** Bytes of an exposition, after decompression. */
  readonly maxBytes?: number | undefined;
}

const MAX_SOCKETS = 8;
const MAX_SHOWN = 200_000;

/** @throws Error when there is nothing to look at, or `caFile` can't be read. */
export function createSource(options: SourceOptions): Source {
  const { name, url, token, caFile, timeoutMs, now, monotonic, maxBytes } = options;
  const { shown = new Set<string>(), counters = new Map<string, string>() } = options;
  // A fresh connection for each look: one that is kept comes to the same worker every time, and the others, with
  // counters of their own, are never seen.
  const agents = {
    httpAgent: new HttpAgent({ maxSockets: MAX_SOCKETS }),
    httpsAgent: new HttpsAgent({
      maxSockets: MAX_SOCKETS,
      ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
    }),
  };
  const http = axios.create(agents);
  const moment = (): Moment => ({ at: now(), monotonicMs: monotonic() });
  const databaseUrl = options.database?.url ?? url?.replace(/\/metrics\/*$/, '');
  const metrics =
    url === undefined ? undefined : createMetrics({ source: name, url, token, timeoutMs, http, moment, maxBytes });
  const database =
    options.database === undefined || databaseUrl === undefined
      ? undefined
      : createDatabase({
          ...{ ...options.database, source: name, url: databaseUrl },
          ...{ timeoutMs, http, now, monotonic, shown, counters },
        });
  if (metrics === undefined && database === undefined)
    throw new Error(`tripwire source ${name} has neither url nor database: nothing of it can be seen`);

  async function alone(signal: AbortSignal, polled: Promise<void> | undefined): Promise<(Seen | Unseen) & Moment> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
      void polled?.then(done);
    });
    return { ...(database?.alone() ?? unseen('stopped', 'The look was given up')), ...moment() };
  }

  return {
    name,
    async look(signal) {
      const began = monotonic();
      const polled = database?.pollIfDue();
      const seen = (await metrics?.look(signal)) ?? (await alone(signal, polled));
      const { at, monotonicMs } = seen;
      const head = { source: name, at, monotonicMs, tookMs: monotonic() - began, database: database?.takeFresh() };
      if (!seen.ok) return { ...head, ok: false, why: seen.why, detail: seen.detail };
      const { scrape } = seen;
      if (metrics !== undefined && (options.shown !== undefined || database !== undefined)) remember(shown, scrape);
      return { ...head, ok: true, scrape: metrics && database ? database.complete(scrape) : scrape };
    },
    async close() {
      await database?.close();
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** The ones shown last are kept. */
function remember(shown: Set<string>, { readings }: Scrape): void {
  for (const { key } of readings) {
    shown.delete(key);
    shown.add(key);
  }
  trim(shown, MAX_SHOWN);
}
