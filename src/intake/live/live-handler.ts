import type { Sessions } from '../console/session';
import type { Handlers } from '../http/router';
import { Live, type LiveOptions } from './live';

export interface LiveHandlerOptions extends LiveOptions {
  readonly sessions: Pick<Sessions, 'still'>;
}

/** `GET /api/v1/live`. A session's stream ends with it, or when its right to look does. */
export function liveHandler({ sessions, ...options }: LiveHandlerOptions): Pick<Handlers, 'live'> {
  const live = new Live(options);
  return {
    live: async ({ bearer }) => {
      if (live.full) return { refused: 'too-many-listeners' };
      const still =
        bearer.kind === 'token' ? () => true : () => sessions.still(bearer.session)?.rights.includes('status') ?? false;
      return { status: 200, stream: (res) => live.add(res, still) };
    },
  };
}
