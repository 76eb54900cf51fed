import { useState } from 'preact/hooks';
import type { FallbackAnswer } from '../../../../intake/http/schemas';
import { ask, newKey } from '../../api';
import { Asked, useAsked } from '../../parts/asked';
import { Dialog, ProofFields } from '../../parts/dialog';
import { Icon, type IconName } from '../../parts/icon';
import { Notice } from '../../parts/notice';
import { Moment, Since } from '../../parts/time';
import { lastOperator } from '../../session';

const shown: Readonly<Record<FallbackAnswer['state'], { readonly icon: IconName; readonly text: string }>> = {
  primary: { icon: 'well', text: 'On the primary' },
  asked: { icon: 'alarm', text: 'Primary down: a person may permit it' },
  fallback: { icon: 'warning', text: 'On the fallback' },
  forbidden: { icon: 'severed', text: 'Forbidden: a scope that holds it is severed' },
};

/** @param mark asked again when it changes. */
export function Fallbacks({ mark }: { readonly mark: unknown }) {
  const asking = useAsked<{ fallbacks: FallbackAnswer[] }>('/api/v1/fallbacks', mark);
  if (asking.body?.fallbacks.length === 0 && !asking.failure) return null;
  return (
    <section class="fallbacks" aria-labelledby="fallbacks">
      <h2 id="fallbacks">Fallbacks</h2>
      <Asked asking={asking} what="Fallbacks">
        {({ fallbacks }) => fallbacks.map((one) => <Fallback key={one.name} fallback={one} changed={asking.again} />)}
      </Asked>
    </section>
  );
}

function Fallback({ fallback, changed }: { readonly fallback: FallbackAnswer; readonly changed: () => void }) {
  const { name, state, since, until, by, why, missing } = fallback;
  const [permitting, setPermitting] = useState(false);
  const [failure, setFailure] = useState<string>();
  const { icon, text } = shown[state];
  const takeBack = async (): Promise<void> => {
    const why = await decide(name, { wish: 'primary' });
    setFailure(why);
    changed();
  };
  return (
    <div class={`fallback fallback-${state}`}>
      <h3>{name}</h3>
      <p>
        <Icon name={icon} /> {text}
      </p>
      <p class="quiet">
        {since !== undefined && <Since at={since} />}
        {by !== undefined && ` by ${by}`}
        {until !== undefined && (
          <>
            , until <Moment at={until} />
          </>
        )}
        {why !== undefined && `. ${why}`}
      </p>
      {missing.length > 0 && <p class="is-missing">Not seen yet: {missing.join('; ')}</p>}
      <div role="alert">{failure !== undefined && <Notice tone="bad" title={failure} />}</div>
      <div class="scope-do">
        {state !== 'forbidden' && (
          <button type="button" class="button" onClick={() => setPermitting(true)}>
            {state === 'fallback' ? 'Permit it for longer…' : 'Permit the fallback…'}
          </button>
        )}
        {(state === 'fallback' || state === 'asked') && (
          <button type="button" class="button" onClick={() => void takeBack()}>
            Back to the primary
          </button>
        )}
      </div>
      {permitting && (
        <Permit
          name={name}
          onClose={() => {
            setPermitting(false);
            changed();
          }}
        />
      )}
    </div>
  );
}

/** @returns why not. */
async function decide(name: string, body: unknown, key = newKey()): Promise<string | undefined> {
  const reply = await ask(`/api/v1/fallbacks/${encodeURIComponent(name)}`, { method: 'POST', key, body });
  return reply.kind === 'ok' ? undefined : reply.detail;
}

/** Paid models and other hosts: that takes a person and a code. */
function Permit({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const [operator, setOperator] = useState(lastOperator);
  const [code, setCode] = useState('');
  const [failure, setFailure] = useState<string>();
  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const why = await decide(name, { wish: 'fallback', operator: operator.trim(), code });
    if (why === undefined) return onClose();
    setFailure(why);
    setCode('');
  }
  return (
    <Dialog title={`Permit ${name}`} onClose={onClose}>
      <p>For its configured time, requests go to the fallback.</p>
      <form class="form" onSubmit={(event) => void submit(event)}>
        <ProofFields {...{ operator, code, setOperator, setCode }} />
        <div role="alert">{failure !== undefined && <Notice tone="bad" title={failure} />}</div>
        <div class="dialog-do">
          <button type="submit" class="button button-main">
            Permit it
          </button>
          <button type="button" class="button button-quiet" onClick={onClose}>
            Leave it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
