import type { DrillAnswer, DrillListAnswer } from '../../../../intake/http/schemas';
import { day, exact, many, measured } from '../../format';
import { Asked, useAsked } from '../../parts/asked';
import { Icon } from '../../parts/icon';
import { dots, HEIGHT, median, WIDTH } from './dots';

/** Rehearsals on a canary route, and whether they got slower. */
export function Drills({ mark }: { readonly mark: unknown }) {
  const asking = useAsked<DrillListAnswer>('/api/v1/drills?limit=200', mark);
  return (
    <section class="block" aria-labelledby="drills">
      <h2 id="drills">Drills</h2>
      <Asked asking={asking} what="Drills">
        {({ drills, nextAt }) => (
          <>
            <p>
              {told(drills)}
              {nextAt !== undefined && ` The next one is due at ${exact(nextAt)}.`}
            </p>
            <Picture drills={drills} />
            {drills[0] && <Last drill={drills[0]} />}
          </>
        )}
      </Asked>
    </section>
  );
}

function told(drills: readonly DrillAnswer[]): string {
  const passed = drills.filter(({ state }) => state === 'passed');
  const failed = drills.filter(({ state }) => state === 'failed').length;
  const oldest = drills.at(-1);
  if (!oldest) return 'The way was never rehearsed: run pullcord drill.';
  const usual = median(passed.flatMap(({ ms }) => ms ?? []));
  return [
    `${many(drills.length, 'drill')} since ${day(oldest.startedAt)}: ${passed.length} passed, ${failed} failed.`,
    ...(usual === undefined ? [] : [`Usually ${measured(usual)}.`]),
  ].join(' ');
}

function Picture({ drills }: { readonly drills: readonly DrillAnswer[] }) {
  const drawn = dots(drills);
  const [newest, oldest] = [drills[0], drills.at(-1)];
  if (drawn.length < 2 || !newest || !oldest) return null;
  const longest = Math.max(...drills.map(({ ms }) => ms ?? 0));
  return (
    <figure class="drill-picture">
      <figcaption class="quiet">
        How long each took; the longest {measured(longest)}. A cross is a drill that failed.
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" focusable="false">
        <line class="drill-ground" x1="0" y1={HEIGHT - 4} x2={WIDTH} y2={HEIGHT - 4} />
        {drawn.map(({ id, x, y, passed }) =>
          passed ? (
            <circle key={id} class="drill-passed" cx={x} cy={y} r="5" />
          ) : (
            <path key={id} class="drill-failed" d={`M${x - 5} ${y - 5}l10 10M${x + 5} ${y - 5}l-10 10`} />
          ),
        )}
      </svg>
      <p class="drill-ends quiet">
        <span>{day(oldest.startedAt)}</span>
        <span>{day(newest.startedAt)}</span>
      </p>
    </figure>
  );
}

function Last({ drill: { state, by, startedAt, text, steps } }: { readonly drill: DrillAnswer }) {
  return (
    <details class="fold" open={state === 'failed'}>
      <summary>
        The newest: {state}, {exact(startedAt)}, by {by}
      </summary>
      <p>{text}</p>
      <ol class="drill-steps">
        {steps.map(({ name, gateway, ok, ms, detail, usualMs, slower }) => (
          <li key={`${name} ${gateway}`} class={ok ? 'is-seen' : 'is-failed'}>
            <Icon name={ok ? 'well' : 'broken'} />
            <span>
              {name}
              {gateway !== undefined && ` at ${gateway}`}
              {!ok && ': failed'}
              {detail !== undefined && <small> {detail}</small>}
            </span>
            <span class={slower ? 'is-missing' : 'quiet'}>
              {measured(ms)}
              {slower && usualMs !== undefined && ` (usually ${measured(usualMs)})`}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
