import '../../styles/line.css';
import { exact } from '../../format';
import { live } from '../../live/live';
import { Icon, type IconName } from '../../parts/icon';
import { Notice } from '../../parts/notice';
import { Moment, Since } from '../../parts/time';
import { useStore } from '../../store';
import { Standing } from '../now/standing';
import { Drills } from './drills';
import { type Part, type Station, signalOf, stations, type Worst } from './stations';

const shown: Readonly<Record<Worst, { readonly icon: IconName; readonly word: string }>> = {
  normal: { icon: 'well', word: 'works' },
  alarm: { icon: 'alarm', word: 'a cut is ordered' },
  supervisory: { icon: 'warning', word: 'works, look after it' },
  trouble: { icon: 'broken', word: 'trouble' },
  unknown: { icon: 'unknown', word: 'not watched' },
};

/** The supervised way from the phone to the cut, part by part, and its rehearsals. */
export function Line() {
  const { status, connection, statusAt } = useStore(live);
  return (
    <>
      {connection.phase === 'lost' && statusAt !== undefined && (
        <Notice tone="warning" title={`Not live: the way as it was seen at ${exact(statusAt)}.`} />
      )}
      {status ? (
        <>
          <Standing status={status} />
          <ol class="way">
            {stations(status.parts).map((station) => (
              <Stop key={station.title} station={station} />
            ))}
          </ol>
          <p class="quiet">Pullcord {status.version}</p>
        </>
      ) : (
        <p class="quiet">Asking how the way stands…</p>
      )}
      <Drills mark={statusAt} />
    </>
  );
}

/** A station of the way. */
function Stop({ station: { title, what, parts, worst } }: { readonly station: Station }) {
  const { icon, word } = shown[worst];
  return (
    <li class={`station signal-${worst}`}>
      <span class="station-mark">
        <Icon name={icon} />
      </span>
      <div class="station-body">
        <h2>{title}</h2>
        <p class="quiet">{what}</p>
        <p class="hidden">{word}</p>
        <ul class="parts">
          {parts.map((part) => (
            <PartOf key={part.name} part={part} />
          ))}
        </ul>
      </div>
    </li>
  );
}

function PartOf({ part }: { readonly part: Part }) {
  const { name, detail, since, lastWell, todo } = part;
  const signal = signalOf(part);
  const { icon, word } = shown[signal];
  return (
    <li class={`part signal-${signal}`}>
      <p class="part-name">
        <Icon name={icon} />
        <strong>{name}</strong>
        <span>{word}</span>
      </p>
      <p>{detail}</p>
      {todo !== undefined && <p class="part-todo">{todo}</p>}
      {since !== undefined && signal !== 'normal' && (
        <p class="quiet">
          <Since at={since} />
          {lastWell !== undefined && signal === 'trouble' && (
            <>
              ; last well <Moment at={lastWell} />
            </>
          )}
        </p>
      )}
    </li>
  );
}
