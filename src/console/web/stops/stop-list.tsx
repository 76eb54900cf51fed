import type { ComponentChildren } from 'preact';
import { clock, measured } from '../format';
import { Notice, type NoticeProps } from '../parts/notice';
import { useSource } from '../store';
import type { Stop } from './stop';
import { stops } from './stops';

/** What became of the stops that were ordered here, in plain words: none is called done before it was seen. */
export function StopList() {
  const all = useSource(stops, stops.all);
  return (
    <div class="stops" role="status" aria-label="Stops ordered here">
      {all.map((stop) => (
        <OneStop key={stop.key} stop={stop} />
      ))}
    </div>
  );
}

function OneStop({ stop }: { readonly stop: Stop }) {
  const { notice, text } = told(stop);
  return (
    <Notice {...notice}>
      {text}
      {stop.phase === 'ask' && (
        <button type="button" class="button button-stop" onClick={() => stops.confirm(stop.key)}>
          Send it now
        </button>
      )}
      {stop.phase !== 'sending' && stop.phase !== 'accepted' && (
        <button type="button" class="button button-quiet" onClick={() => stops.dismiss(stop.key)}>
          {stop.phase === 'queued' || stop.phase === 'sign-in' || stop.phase === 'ask' ? 'Do not send it' : 'Close'}
        </button>
      )}
    </Notice>
  );
}

interface Told {
  readonly notice: NoticeProps & { readonly title: string };
  readonly text: ComponentChildren;
}

/** In one line, and in more. */
export function told(stop: Stop): Told {
  const { scope, why } = stop;
  const pressed = `Ordered at ${clock(stop.at)}.`;
  switch (stop.phase) {
    case 'sending':
    case 'queued':
      return {
        notice: { tone: 'warning', icon: 'wait', title: `STOP ${scope}: NOT CONFIRMED` },
        text: (
          <p>
            {pressed}{' '}
            {stop.tries > 1 || why !== undefined
              ? `${why ?? ''} It is sent again and again until an answer comes: so far ${stop.tries} times. If it is urgent, text STOP.`
              : 'It is being sent.'}
          </p>
        ),
      };
    case 'sign-in':
      return {
        notice: { tone: 'warning', title: `STOP ${scope}: NOT CONFIRMED. Sign in to send it.` },
        text: <p>{pressed} The session is over: it is sent as soon as you are signed in.</p>,
      };
    case 'ask':
      return {
        notice: { tone: 'warning', title: `STOP ${scope}: never confirmed. Send it still?` },
        text: <p>{pressed} That was more than 10 minutes ago, so it is not sent without you.</p>,
      };
    case 'accepted':
      return {
        notice: { tone: 'warning', icon: 'severing', title: `STOP ${scope}: accepted, severing` },
        text: (
          <p>{stop.missing?.length ? `Not seen yet: ${stop.missing.join('; ')}.` : 'Not seen at any gateway yet.'}</p>
        ),
      };
    case 'severed':
      return {
        notice: { tone: 'good', icon: 'severed', title: `STOP ${scope}: severed` },
        text: (
          <p>
            Every gateway was seen to refuse
            {stop.ms === undefined ? '.' : `, ${measured(stop.ms)} after it was accepted.`}
          </p>
        ),
      };
    case 'overtaken':
      return {
        notice: { tone: 'plain', title: `STOP ${scope}: overtaken` },
        text: <p>{pressed} A later order came after it: what stands above is how it is now.</p>,
      };
    case 'refused':
      return {
        notice: { tone: 'bad', title: `STOP ${scope}: refused. Nothing was stopped by it.` },
        text: <p>{why}</p>,
      };
  }
}
