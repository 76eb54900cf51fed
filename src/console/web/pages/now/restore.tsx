import { useRef, useState } from 'preact/hooks';
import type { PlacedAnswer } from '../../../../intake/http/schemas';
import type { RestorePreviewAnswer } from '../../../../intake/http/story-schema';
import { ask, newKey } from '../../api';
import { duration, many } from '../../format';
import { Asked, useAsked } from '../../parts/asked';
import { Dialog, ProofFields } from '../../parts/dialog';
import { Notice } from '../../parts/notice';
import { lastOperator } from '../../session';
import { Preview } from './preview';

interface RestoreProps {
  readonly scope: string;
  readonly onClose: () => void;
}

/** Shows what comes back before it is asked for; takes a person and a fresh code (law 3). */
export function Restore({ scope, onClose }: RestoreProps) {
  const preview = useAsked<RestorePreviewAnswer>(`/api/v1/scopes/${encodeURIComponent(scope)}/restore`);
  const [operator, setOperator] = useState(lastOperator);
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  const [placed, setPlaced] = useState<PlacedAnswer>();
  /** Of one code: what was asked with it and got no answer is asked again under the same key. */
  const key = useRef({ of: '', key: '' });

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure(undefined);
    const of = `${operator} ${code}`;
    if (key.current.of !== of) key.current = { of, key: newKey() };
    const body = { action: 'restore', scope, operator: operator.trim(), code };
    const reply = await ask<PlacedAnswer>('/api/v1/orders', {
      method: 'POST',
      key: key.current.key,
      body,
      withinMs: 15_000,
    });
    setBusy(false);
    if (reply.kind === 'ok') return setPlaced(reply.body);
    if (reply.kind === 'silent')
      return setFailure(`${reply.detail} Whether it was ordered is not known: send it again with the same code.`);
    setFailure(reply.detail);
    setCode('');
  }

  return (
    <Dialog title={`Restore ${scope}`} onClose={onClose}>
      {placed ? (
        <div role="status">
          <Placed placed={placed} />
          <button type="button" class="button" onClick={onClose} ref={(button) => button?.focus()}>
            Close
          </button>
        </div>
      ) : (
        <>
          <Asked asking={preview} what="What would come back">
            {(body) => <Preview preview={body} />}
          </Asked>
          <form class="form" onSubmit={(event) => void submit(event)}>
            <ProofFields {...{ operator, code, setOperator, setCode }} />
            <div role="alert">{failure !== undefined && <Notice tone="bad" title={failure} />}</div>
            <div class="dialog-do">
              <button type="submit" class="button button-main" aria-disabled={busy}>
                {busy ? 'Asking…' : `Restore ${scope}`}
              </button>
              <button type="button" class="button button-quiet" onClick={onClose}>
                Leave it severed
              </button>
            </div>
          </form>
        </>
      )}
    </Dialog>
  );
}

function Placed({ placed }: { readonly placed: PlacedAnswer }) {
  if (placed.state === 'pending')
    return (
      <Notice tone="warning" icon="wait" title="Pending: a second operator is needed.">
        <p>
          A different operator has to send the same restore within {duration(placed.withinSeconds * 1000)}, here or by
          text message. Until then nothing comes back.
        </p>
      </Notice>
    );
  if (placed.state === 'live')
    return <Notice tone="good" title={`Live again: seen at ${many(placed.gateways, 'gateway')}.`} />;
  if (placed.state === 'restoring')
    return (
      <Notice tone="plain" title="Accepted, restoring.">
        <p>It is called live once every gateway was seen to serve.</p>
      </Notice>
    );
  return <Notice tone="warning" title={`Order ${placed.number} stands: ${placed.state}.`} />;
}
