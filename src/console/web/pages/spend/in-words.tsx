import type { SpendHistoryAnswer } from '../../../../intake/http/spend-history-schema';
import { clock, exact, money } from '../../format';
import { Icon, type IconName } from '../../parts/icon';
import { Moment } from '../../parts/time';
import { address } from '../../route';
import type { Picture } from './picture';
import { total } from './picture';

interface Shown {
  readonly history: SpendHistoryAnswer;
  readonly by: 'keys' | 'models';
  readonly picture: Picture;
}

/** What each line is, and what it came to. */
export function Legend({ history, by, picture }: Shown) {
  const sums = new Map(history[by].map(({ name, usd }) => [name, total(usd)]));
  return (
    <ul class="legend">
      {picture.lines.map(({ name, kind }, index) => {
        const sum = kind === 'one' ? sums.get(name) : undefined;
        const swatch =
          kind === 'one' ? `one line-${((index - 1) % 9) + 1}` : kind === 'all' ? 'all' : name.replaceAll(' ', '-');
        return (
          <li key={`${kind} ${name}`}>
            <svg class={`swatch swatch-${swatch}`} viewBox="0 0 24 8" aria-hidden="true" focusable="false">
              <line x1="0" y1="4" x2="24" y2="4" />
            </svg>
            {name}
            {sum !== undefined && <span class="quiet"> {money(sum)}</span>}
          </li>
        );
      })}
    </ul>
  );
}

type Mark = SpendHistoryAnswer['marks'][number];
const icons: Readonly<Record<Mark['kind'], IconName>> = {
  warned: 'warning',
  tripped: 'alarm',
  severed: 'severed',
  restored: 'live',
};

export function Marks({ marks }: { readonly marks: readonly Mark[] }) {
  if (marks.length === 0) return null;
  return (
    <section class="block" aria-labelledby="marks">
      <h2 id="marks">Marked in the chart</h2>
      <ol class="marks">
        {marks.toReversed().map(({ at, kind, subject, text, incident }) => (
          <li key={`${at} ${kind} ${subject}`} class={`mark-${kind}`}>
            <Icon name={icons[kind]} />
            <span>
              <strong>
                {kind} <Moment at={at} />
              </strong>{' '}
              {text}{' '}
              {incident !== undefined && <a href={address('incidents', String(incident))}>Incident {incident}</a>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The same as the chart, to be read. */
export function Table({ history, by, picture }: Shown) {
  const shown = picture.lines.filter(({ kind }) => kind !== 'bound');
  return (
    <details class="fold">
      <summary>The chart as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard */}
      <section class="table" tabIndex={0} aria-label={`US dollars a minute, by ${by === 'keys' ? 'key' : 'model'}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              {shown.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {picture.times.map((at, step) => (
              <tr key={at}>
                <th scope="row">{history.span === 'hour' ? clock(at * 1000) : exact(at * 1000)}</th>
                {shown.map(({ name, values }) => {
                  const usd = values[step] ?? null;
                  return <td key={name}>{usd === null ? 'not seen' : money(usd)}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
