import { useState } from 'preact/hooks';
import type { SessionAnswer } from '../../../intake/http/session-schema';
import { clock, duration } from '../format';
import { signIn, signOut } from '../session';
import { useNow } from '../store';
import { CodeField } from './fields';
import { Icon } from './icon';
import { Notice } from './notice';

/** The end of a session is announced so long before. Milliseconds. */
const ANNOUNCED_MS = 2 * 60_000;

/** The end of a session, before it comes. What is announced does not count: one sentence, once. */
export function SessionEnding({ session }: { readonly session: SessionAnswer }) {
  const ending = Date.parse(session.until) - useNow() < ANNOUNCED_MS;
  return (
    <div class="ending" role="status">
      {ending && (
        <Notice tone="warning" icon="wait" title={`You will be signed out at ${clock(session.until)}.`}>
          {session.operator !== undefined && <Renew operator={session.operator} />}
        </Notice>
      )}
    </div>
  );
}

/** Who is signed in, until when, and the way out. */
export function SessionBar({ session }: { readonly session: SessionAnswer }) {
  const left = Date.parse(session.until) - useNow();
  const [failure, setFailure] = useState<string>();
  return (
    <footer class="session">
      <p class="session-who">
        <span>
          Signed in as <strong>{session.name}</strong>,{' '}
          {left > 0 ? `for another ${duration(left < 60_000 ? left : left - (left % 60_000))}` : 'until now'}
        </span>
        <button type="button" class="button button-quiet" onClick={() => void signOut().then(setFailure)}>
          <Icon name="out" /> Sign out
        </button>
      </p>
      <div role="alert">{failure !== undefined && <Notice tone="bad" title={failure} />}</div>
    </footer>
  );
}

/** A fresh code begins the next session before this one ends. */
function Renew({ operator }: { readonly operator: string }) {
  const [code, setCode] = useState('');
  const [failure, setFailure] = useState<string>();
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        void signIn(operator, code.trim()).then((why) => {
          setFailure(why);
          setCode('');
        });
      }}
    >
      <CodeField label="Code, to stay signed in" value={code} set={setCode} />
      <button type="submit" class="button">
        Stay
      </button>
      <p role="alert">{failure}</p>
    </form>
  );
}
