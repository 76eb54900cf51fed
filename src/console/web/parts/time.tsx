import { ago, clock, exact } from '../format';
import { useNow } from '../store';

/** A moment, as long ago and as on the clock; the whole of it on demand. */
export function Since({ at }: { readonly at: string }) {
  const now = useNow();
  const moment = Date.parse(at);
  const sameDay = now - moment < 12 * 3_600_000;
  return (
    <time dateTime={at} title={exact(at)}>
      {ago(moment, now)}, {sameDay ? clock(at) : exact(at)}
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
