import { useState } from 'preact/hooks';
import { HoldButton } from '../../parts/hold-button';
import { stops } from '../../stops/stops';

type Told = 'nothing' | 'early' | 'confirm' | 'ordered';

/** Where the thumb is: which scope, and the button. */
export function Dock({ scopes }: { readonly scopes: readonly string[] }) {
  const [picked, pick] = useState<string>();
  const [told, tell] = useState<Told>('nothing');
  const scope = scopes.find((one) => one === picked) ?? scopes[0];
  if (scope === undefined) return null;

  const order = (): void => {
    stops.order(scope);
    tell('ordered');
  };
  return (
    <section class="dock" aria-label="Stop">
      <HoldButton scope={scope} onHeld={order} onEarly={() => tell('early')} onClick={() => tell('confirm')} />
      <div class="dock-side">
        {scopes.length > 1 ? (
          <fieldset class="pick">
            <legend>What to stop</legend>
            {scopes.map((one) => (
              <label key={one}>
                <input
                  type="radio"
                  name="scope"
                  value={one}
                  checked={one === scope}
                  onChange={() => {
                    pick(one);
                    tell('nothing');
                  }}
                />
                <span>{one}</span>
              </label>
            ))}
          </fieldset>
        ) : (
          <p class="dock-scope">{scope}</p>
        )}
        <p id="hold-how" class="dock-how">
          Press and hold to stop <strong>{scope}</strong>.
        </p>
        <p role="status" class="dock-told">
          {told === 'early' && 'Released too early: nothing was stopped.'}
          {told === 'ordered' && `STOP ${scope} is ordered: see above.`}
        </p>
        {told === 'confirm' ? (
          <div class="dock-confirm">
            <button type="button" class="button button-stop" ref={(button) => button?.focus()} onClick={order}>
              Yes, stop {scope}
            </button>
            <button type="button" class="button button-quiet" onClick={() => tell('nothing')}>
              No
            </button>
          </div>
        ) : (
          <button type="button" class="button button-quiet dock-steps" onClick={() => tell('confirm')}>
            Stop in two steps instead
          </button>
        )}
      </div>
    </section>
  );
}
