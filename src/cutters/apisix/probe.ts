import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { each } from './each';
import { freshRequest } from './fresh-request';
import { Overtaken, stopIf } from './overtaken';
import type { ProbePlan, ProbeTarget } from './probe-plan';
import { spread } from './probe-plan';
import { MARK, REFUSED_STATUS } from './refusal';

/** What one connection saw. Silent: no answer, which shows neither. */
export type Glimpse = 'refused' | 'served' | 'silent';

export interface Seen {
  /** A gateway URL. */
  readonly url: string;
  readonly target: ProbeTarget;
  readonly glimpse: Glimpse;
  /** The status, or what went wrong on the way. */
  readonly detail: string;
}

export interface ProberOptions {
  readonly gatewayUrls: readonly string[];
  /** Fresh connections to each gateway: different workers answer. */
  readonly connections: number;
  readonly timeoutMs: number;
  readonly caFile?: string | undefined;
  /** Told of each connection, by what it saw. Must not throw. */
  readonly onGlimpse?: ((glimpse: Glimpse) => void) | undefined;
}

export interface Prober {
  /**
   * Asks every gateway. A route that was rewritten may be cut in one worker and not in another, or not at all: then
   * every route is asked once at least.
   */
  run(plan: ProbePlan, everyRoute: boolean, overtaken: AbortSignal): Promise<readonly Seen[]>;
  /** One connection to every gateway. */
  glance(target: ProbeTarget, overtaken: AbortSignal): Promise<readonly Seen[]>;
}

const LONGEST_MS = 2_000;
/** A clamp cuts all or nothing: more routes than this show nothing more. */
const ENOUGH_ROUTES = 16;
const AT_A_TIME = 32;

/**
 * Looks at the gateways as the agent would: over fresh connections, following nothing, reading no body. Fails towards
 * not seen.
 */
export function createProber({ gatewayUrls, connections, timeoutMs, caFile, onGlimpse }: ProberOptions): Prober {
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile) };
  const bound = Math.min(timeoutMs, LONGEST_MS);

  async function ask(targets: readonly ProbeTarget[], overtaken: AbortSignal): Promise<readonly Seen[]> {
    const seen: Seen[] = [];
    await Promise.all(
      gatewayUrls.map((url) =>
        each(targets, AT_A_TIME, async (target) => {
          stopIf(overtaken);
          const glimpsed = await one(url, target, overtaken);
          onGlimpse?.(glimpsed.glimpse);
          seen.push({ url, target, ...glimpsed });
        }),
      ),
    );
    return seen;
  }

  function one(url: string, target: ProbeTarget, overtaken: AbortSignal): Promise<Pick<Seen, 'glimpse' | 'detail'>> {
    return new Promise((resolve, reject) => {
      const end = (glimpse: Glimpse, detail: string): void => {
        clearTimeout(timer);
        overtaken.removeEventListener('abort', stop);
        sent.destroy();
        resolve({ glimpse, detail });
      };
      const stop = (): void => {
        reject(new Overtaken());
        end('silent', 'overtaken');
      };
      const sent = freshRequest(url, target, 'pullcord-probe', ca);
      const timer = setTimeout(() => end('silent', `no answer within ${bound} ms`), bound);
      overtaken.addEventListener('abort', stop, { once: true });
      sent.on('response', (answer) => end(glimpseOf(answer), String(answer.statusCode)));
      sent.on('error', (error: NodeJS.ErrnoException) => end('silent', error.code ?? error.message));
      sent.end();
    });
  }

  return {
    run({ targets }, everyRoute, overtaken) {
      const some = everyRoute ? targets : spread(targets, Math.min(connections, ENOUGH_ROUTES));
      const count = some.length === 0 ? 0 : Math.max(connections, some.length);
      const spreadOut = Array.from({ length: count }, (_, i) => some[i % some.length]);
      return ask(
        spreadOut.filter((target) => target !== undefined),
        overtaken,
      );
    },
    glance: (target, overtaken) => ask([target], overtaken),
  };
}

const glimpseOf = (answer: IncomingMessage): Glimpse =>
  answer.statusCode === REFUSED_STATUS && answer.headers[MARK] !== undefined ? 'refused' : 'served';
