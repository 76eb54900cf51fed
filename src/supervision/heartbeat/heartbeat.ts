import type { Logger } from 'pino';
import { ask } from '../checks/ask';
import type { PartReport } from '../line/line';
import type { Readiness } from '../readiness';
import { beatOf, type HeartbeatConfig, whyNot } from './beat';

export interface HeartbeatOptions {
  readonly config: HeartbeatConfig;
  readonly readiness: () => Readiness;
  /** Why Pullcord is not as alive as it looks: loops that have not turned. Undefined: they have. */
  readonly stuck: () => string | undefined;
  /** How the heartbeat itself stands. */
  readonly report: (part: PartReport) => void;
  readonly logger: Logger;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic: () => number;
  /** How often it is looked whether a ping is due. Milliseconds. */
  readonly tickMs?: number;
}

export interface Heartbeat {
  close(): Promise<void>;
}

export const HEARTBEAT = 'heartbeat';

const TICK_MS = 1_000;
/** At the start nothing is known yet, which would be told as trouble. */
const FIRST_MS = 20_000;
const TIMEOUT_MS = 5_000;
/** A ping that failed is tried again so soon; the last one repeats, up to the period. */
const AGAIN_MS = [5_000, 10_000, 20_000] as const;
/** What comes and goes doesn't ping more often than that. */
const LEAST_GAP_MS = 10_000;
/** One lost ping is no trouble: watchers have a grace of their own. */
const LOST = 2;
const PERIODS = 3;

/**
 * A dead man's switch: pings a watcher outside as long as Pullcord's loops turn. Fails towards silence, which is what the
 * watcher raises the alarm for. Without a redirect, without a proxy, and bounded.
 */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { config, readiness, stuck, report, logger, monotonic, tickMs = TICK_MS } = options;
  const periodMs = config.periodSeconds * 1_000;
  const where = new URL(config.url).host;
  let last: { readonly at: number; readonly up: boolean } | undefined;
  let pingMs: number | undefined;
  let nextAt = monotonic() + Math.min(FIRST_MS, periodMs);
  let misses = 0;
  let held = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> = Promise.resolve();

  const hold = (why: string): void => {
    if (!held) logger.error({ why }, 'the heartbeat is held back');
    held = true;
    tell('supervisory', `is held back: ${why}`, 'See what is in trouble; restart Pullcord if it hangs.');
  };
  const tell = (signal: 'normal' | 'supervisory', detail: string, todo?: string): void =>
    report({ name: HEARTBEAT, signal, detail, todo, goodForMs: PERIODS * periodMs + TIMEOUT_MS });

  async function beat(): Promise<void> {
    const { up, method, url, body } = beatOf(config, readiness(), pingMs);
    const began = monotonic();
    const headers = { 'user-agent': 'pullcord-heartbeat', 'content-type': 'text/plain; charset=utf-8' };
    const came = await ask(TIMEOUT_MS, { method, url, data: body, headers });
    const refused = whyNot(came);
    if (refused) {
      const again = AGAIN_MS[Math.min(misses, AGAIN_MS.length - 1)] ?? periodMs;
      nextAt = monotonic() + Math.min(again, periodMs);
      misses += 1;
      if (misses === 1) logger.warn({ where, why: refused.what }, 'a ping of the heartbeat did not count');
      if (misses >= LOST) tell('supervisory', `${where} ${refused.what}`, refused.todo);
      return;
    }
    pingMs = monotonic() - began;
    last = { at: began, up };
    nextAt = began + periodMs;
    misses = 0;
    tell('normal', `${where} takes the pings`);
  }

  async function tick(): Promise<void> {
    const why = stuck();
    if (why !== undefined) return hold(why);
    if (held) logger.info('the heartbeat goes on');
    held = false;
    const now = monotonic();
    const changed = last && misses === 0 && now - last.at >= Math.min(LEAST_GAP_MS, periodMs);
    if (now >= nextAt || (changed && beatOf(config, readiness(), pingMs).up !== last?.up)) await beat();
  }

  const next = (): void => {
    beating = tick()
      // The error may hold the address.
      .catch(() => logger.error('the heartbeat failed inside'))
      .then(() => {
        if (!closed) timer = setTimeout(next, tickMs).unref();
      });
  };
  next();

  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await beating;
    },
  };
}
