import { useMemo, useState } from 'preact/hooks';
import type { IncidentAnswer, IncidentStoryAnswer } from '../../../../intake/http/schemas';
import type { SpendHistoryAnswer } from '../../../../intake/http/spend-history-schema';
import '../../styles/spend.css';
import '../../styles/incidents.css';
import { clock, count, exact, money } from '../../format';
import { live } from '../../live/live';
import { Asked, useAsked } from '../../parts/asked';
import { Icon } from '../../parts/icon';
import { Notice } from '../../parts/notice';
import { address } from '../../route';
import { useNow, useStore } from '../../store';
import { Cost } from '../incidents/cost';
import { Chart } from './chart';
import { Legend, Marks, Table } from './in-words';
import { type Picture, pictureOf, total } from './picture';
import { Subjects } from './subjects';

const spans = { hour: 'The last hour', day: 'The last day', week: 'The last week' } as const;
type Span = keyof typeof spans;

/** Asked again so often, besides whenever something happens. Milliseconds. */
const AGAIN_MS = 30_000;

export function Spend() {
  const [span, setSpan] = useState<Span>('hour');
  const [by, setBy] = useState<'keys' | 'models'>('keys');
  const { incidents } = useStore(live);
  const mark = `${incidents} ${Math.floor(useNow(AGAIN_MS) / AGAIN_MS)}`;
  const history = useAsked<SpendHistoryAnswer>(`/api/v1/spend/history?span=${span}`, mark);
  if (history.failure?.kind === 'problem' && history.failure.status === 404)
    return <p>No tripwire is configured: Pullcord does not see what is spent. See docs/tripwire.md.</p>;
  return (
    <>
      <LiveRate />
      <div class="choices">
        <Choice label="How far back" name="span" value={span} of={spans} pick={setSpan} />
        <Choice label="Told apart by" name="by" value={by} of={{ keys: 'By key', models: 'By model' }} pick={setBy} />
      </div>
      <Asked asking={history} what="What was spent">
        {(body) => <History history={body} by={by} />}
      </Asked>
      <NewestCost mark={mark} />
      <Subjects mark={mark} />
    </>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly name: string;
  readonly value: T;
  readonly of: Readonly<Record<T, string>>;
  readonly pick: (value: T) => void;
}

function Choice<T extends string>({ label, name, value, of, pick }: ChoiceProps<T>) {
  return (
    <fieldset class="pick">
      <legend>{label}</legend>
      {(Object.entries(of) as [T, string][]).map(([one, text]) => (
        <label key={one}>
          <input type="radio" name={name} value={one} checked={one === value} onChange={() => pick(one)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** What is burnt at this moment; what is not seen is not nothing. */
function LiveRate() {
  const { spend, connection } = useStore(live);
  if (!spend) return null;
  const isNow = connection.phase === 'live' && spend.sees;
  return (
    <div class="rate">
      <p class="rate-number">
        {spend.standing !== undefined && <Icon name={spend.standing === 'trip' ? 'alarm' : 'warning'} />}
        <strong>{money(spend.usdPerMinute)}</strong> a minute
        {isNow && spend.standing !== undefined && (
          <span class="rate-standing">{spend.standing === 'trip' ? 'Tripped' : 'Warned'}</span>
        )}
      </p>
      <p class={isNow ? 'quiet' : 'is-missing'}>
        {isNow
          ? `All keys together, now; ${count(spend.tokensPerMinute)} tokens a minute.`
          : `As of ${clock(spend.at)}. What is spent now goes unseen: that is not nothing.`}
      </p>
    </div>
  );
}

function History({ history, by }: { readonly history: SpendHistoryAnswer; readonly by: 'keys' | 'models' }) {
  const picture = useMemo(() => pictureOf(history, by), [history, by]);
  const spent = total(history.all.usd);
  return (
    <>
      <Chart picture={picture} marks={history.marks} label={inWords(history, picture)} />
      <Legend history={history} by={by} picture={picture} />
      <p class="quiet">
        {spent === undefined ? 'Nobody saw what was spent.' : `${money(spent)} in all, as far as it was seen.`}
        {picture.above.map(({ name, usd }) => ` Above the picture: ${name}, ${money(usd)} a minute.`)}
      </p>
      {picture.gaps.length > 0 && (
        <Notice tone="warning" title="Gaps: nobody saw what was spent then. That is not nothing.">
          <p>
            {picture.gaps
              .slice(0, 6)
              .map(({ from, to }) => `${exact(from)} to ${clock(to)}`)
              .join('; ')}
            {picture.gaps.length > 6 && `; and ${picture.gaps.length - 6} more`}
          </p>
        </Notice>
      )}
      {history.marksMissing && (
        <Notice tone="warning" title="The ledger does not answer: what is marked here is not known." />
      )}
      <Marks marks={history.marks} />
      <Table history={history} by={by} picture={picture} />
    </>
  );
}

function inWords({ all, marks }: SpendHistoryAnswer, { gaps }: Picture): string {
  const spent = total(all.usd);
  return [
    'Chart of what was spent a minute.',
    spent === undefined ? 'Nobody saw any of it.' : `${money(spent)} in all.`,
    `${marks.length} marks, ${gaps.length} gaps. The same as a table below.`,
  ].join(' ');
}

/** What the newest runaway cost: the newest incident whose story knows. */
function NewestCost({ mark }: { readonly mark: unknown }) {
  const { body } = useAsked<{ incidents: IncidentAnswer[] }>('/api/v1/incidents?limit=1', mark);
  const newest = body?.incidents[0];
  const story = useAsked<IncidentStoryAnswer>(newest && `/api/v1/incidents/${newest.number}`, mark);
  if (!newest || !story.body?.cost) return null;
  return (
    <>
      <Cost cost={story.body.cost} title={`Incident ${newest.number}: what it cost, what the cut saved`} />
      <p>
        <a class="button" href={address('incidents', String(newest.number))}>
          What happened
        </a>
      </p>
    </>
  );
}
