import { constantOf, enderOf } from './clamp';
import type { View } from './view';

/**
 * What the clamp's function in `rewrite` does: it notes every request, and a timer in each worker shuts the sockets of
 * those whose route the rule names.
 */
export interface OpenRequests {
  /** @returns what strikes it out again. */
  note(request: OpenRequest): () => void;
  close(): void;
}

export interface OpenRequest {
  readonly routeId: string | undefined;
  /** Shuts down where the response comes from; false when there is nothing of that kind. */
  shutUpstream(): boolean;
  shutClient(): void;
}

/** Of the function's text, so that the timer is there before the rule names something. */
const PERIOD_MS = 50;

export function createOpenRequests(view: View): OpenRequests {
  const open = new Map<OpenRequest, { ticks: number }>();
  let timer: NodeJS.Timeout | undefined;

  function tick(): void {
    for (const [request, seen] of open) {
      const source = enderOf(view, 'serverless-pre-function', request.routeId);
      if (source === undefined) continue;
      seen.ticks += 1;
      if (!request.shutUpstream() && seen.ticks > constantOf(source, 'PATIENCE')) request.shutClient();
    }
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    note: (request) => {
      open.set(request, { ticks: 0 });
      timer ??= setInterval(tick, PERIOD_MS);
      return () => {
        open.delete(request);
        if (open.size === 0) stop();
      };
    },
    close: stop,
  };
}
