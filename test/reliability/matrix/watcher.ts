import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Looks at the gateways as the agent does, all the time, and knows nothing of Pullcord. */
export interface Watcher {
  /** Whether every route on every gateway refuses now: asked over fresh connections. */
  refuses(): Promise<boolean>;
  /** How many requests of the agent, sent and answered within this time, went through. */
  served(from: number, to?: number): number;
  /** How long, from the first of them to the last. Milliseconds. */
  servedMs(from: number): number;
  close(): Promise<void>;
}

interface Glimpse {
  readonly sent: number;
  readonly answered: number;
}

const EVERY_MS = 100;
const PATHS = ['/v1/embeddings', '/v1/chat/completions', '/fallback/x', '/tools/x'] as const;
/** Many times what a cell lasts. */
const KEPT = 5_000;

export function startWatcher(gatewayUrls: readonly string[]): Watcher {
  const agent = new Agent({ keepAlive: true });
  const served: Glimpse[] = [];
  const closing = new AbortController();
  let turn = 0;

  const watch = async (url: string): Promise<void> => {
    while (!closing.signal.aborted) {
      const sent = performance.now();
      const refused = await look(`${url}${PATHS[turn++ % PATHS.length]}`, agent);
      if (!refused) served.push({ sent, answered: performance.now() });
      if (served.length > KEPT) served.splice(0, served.length - KEPT);
      await sleep(EVERY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };
  const watching = Promise.all(gatewayUrls.map(watch));
  return {
    refuses: async () => {
      const fresh = new Agent();
      const looks = gatewayUrls.flatMap((url) => PATHS.map((path) => look(`${url}${path}`, fresh)));
      return (await Promise.all(looks)).every(Boolean);
    },
    served: (from, to = performance.now()) =>
      served.filter(({ sent, answered }) => sent >= from && answered <= to).length,
    servedMs: (from) => {
      const those = served.filter(({ sent }) => sent >= from);
      return Math.max(0, (those.at(-1)?.answered ?? 0) - (those[0]?.sent ?? 0));
    },
    close: async () => {
      closing.abort();
      await watching;
      agent.destroy();
    },
  };
}

/** Whether Pullcord's refusal answers. What breaks on the way was under way at the moment of a cut: asked again. */
async function look(url: string, agent: Agent, again = true): Promise<boolean> {
  const refused = await new Promise<boolean | undefined>((resolve) => {
    const sent = request(url, { agent, method: 'GET' }, (answer) => {
      answer.resume();
      answer.on('close', () =>
        resolve(answer.statusCode === 503 && answer.headers['x-pullcord-severed'] !== undefined),
      );
    });
    sent.on('error', () => resolve(undefined)).end();
  });
  return refused ?? (again ? look(url, agent, false) : false);
}
