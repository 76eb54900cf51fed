import { ago, clock, exact } from '../format';
import { useNow } from '../store';

/** A moment, as on the clock and as long ago; the whole of it on demand. */
export function Since({ at }: { readonly at: string }) {
  const now = useNow();
  const moment = Date.parse(at);
  const sameDay = now - moment < 12 * 3_600_000;
  return (
    <time dateTime={at} title={exact(at)}>
      since {sameDay ? clock(at) : exact(at)} ({ago(moment, now)})
    </time>
  );
}

export function Moment({ at, whole = false }: { readonly at: string; readonly whole?: boolean }) {
  return (
    <time dateTime={at} title={exact(at)}>
      {whole ? exact(at) : clock(at)}
    </time>
  );
}
