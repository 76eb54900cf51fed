import { useState } from 'preact/hooks';
import { HoldButton } from '../../parts/hold-button';
import { told } from '../../stops/stop-list';
import { stops } from '../../stops/stops';
import { useSource } from '../../store';

type Shown = 'nothing' | 'early' | 'confirm' | 'ordered';

/** Where the thumb is: which scope, and the button. */
export function Dock({ scopes }: { readonly scopes: readonly string[] }) {
  const [picked, pick] = useState<string>();
  const [shown, show] = useState<Shown>('nothing');
  const scope = scopes.find((one) => one === picked) ?? scopes[0];
  const newest = useSource(stops, stops.all).findLast((stop) => stop.scope === scope);
  if (scope === undefined) return null;

  const order = (): void => {
    stops.order(scope);
    show('ordered');
  };
  return (
    <section class="dock" aria-label="Stop">
      <HoldButton scope={scope} onHeld={order} onEarly={() => show('early')} onClick={() => show('confirm')} />
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
                    show('nothing');
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
          {shown === 'early' && 'Released too early: nothing was stopped.'}
        </p>
        {/* It is announced where it stands whole, above. */}
        {newest && shown !== 'early' && <p class="dock-told">{told(newest).notice.title}</p>}
        {shown === 'confirm' ? (
          <div class="dock-confirm">
            <button type="button" class="button button-stop" ref={(button) => button?.focus()} onClick={order}>
              Yes, stop {scope}
            </button>
            <button type="button" class="button button-quiet" onClick={() => show('nothing')}>
              No
            </button>
          </div>
        ) : (
          <button type="button" class="button button-quiet dock-steps" onClick={() => show('confirm')}>
            Stop in two steps instead
          </button>
        )}
      </div>
    </section>
  );
}
