import { useEffect, useRef, useState } from 'preact/hooks';
import type { SignInWaysAnswer } from '../../../intake/http/session-schema';
import { CodeField, OperatorField } from '../parts/fields';
import { Icon } from '../parts/icon';
import { Notice } from '../parts/notice';
import { lastOperator, signIn, signInWays } from '../session';
import { StopList } from '../stops/stop-list';

/** @param ended whether there was a session until now. */
export function SignIn({ ended }: { readonly ended: boolean }) {
  const [ways, setWays] = useState<SignInWaysAnswer>();
  const [operator, setOperator] = useState(lastOperator);
  const [code, setCode] = useState('');
  const [failure, setFailure] = useState<string>();
  const [busy, setBusy] = useState(false);
  const codeField = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = 'Sign in - Pullcord';
    void signInWays().then((reply) => reply.kind === 'ok' && setWays(reply.body));
  }, []);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure(undefined);
    const why = await signIn(operator.trim(), code.trim());
    setBusy(false);
    if (why === undefined) return;
    setFailure(why);
    setCode('');
    codeField.current?.focus();
  }

  return (
    <main class="sign-in">
      <header class="sign-in-head">
        <span class="mark">
          <Icon name="now" large />
        </span>
        <h1>Pullcord</h1>
        <p class="quiet">Sign in to see how it stands, and to pull the cord.</p>
      </header>
      <StopList />
      {ended && <Notice tone="plain" title="The session has ended." />}
      <form onSubmit={(event) => void submit(event)} class="form">
        <OperatorField value={operator} set={setOperator} />
        <CodeField label="Code" value={code} set={setCode} field={codeField}>
          The 6 digits that your app shows. They are used up by this: a restore takes the next.
        </CodeField>
        <div role="alert">{failure !== undefined && <Notice tone="bad" title={failure} />}</div>
        <button type="submit" class="button button-main" aria-disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
      {ways?.openid && (
        <p class="or">
          <a class="button" href="/console/openid">
            Sign in with {ways.openid.name}
          </a>
        </p>
      )}
    </main>
  );
}
