import type { SpendAnswer } from '../../../../intake/http/schemas';
import { count, money } from '../../format';
import { Asked, useAsked } from '../../parts/asked';
import { Icon } from '../../parts/icon';
import { Notice } from '../../parts/notice';
import { Since } from '../../parts/time';

/** What each key spends now, and what would trip it. */
export function Subjects({ mark }: { readonly mark: unknown }) {
  const asking = useAsked<SpendAnswer>('/api/v1/spend?limit=50', mark);
  return (
    <section class="block" aria-labelledby="subjects">
      <h2 id="subjects">Key by key, now</h2>
      <Asked asking={asking} what="The tripwire">
        {({ mode, sources, subjects }) => (
          <>
            {mode === 'observe' && <Notice tone="warning" title="The tripwire only observes: it cuts nothing." />}
            {sources
              .filter(({ sees }) => !sees)
              .map(({ name, blindSince, troubles }) => (
                <Notice key={name} tone="warning" title={`${name} goes unseen. That is not nothing.`}>
                  <p>
                    {blindSince !== undefined && <Since at={blindSince} />} {troubles.join('; ')}
                  </p>
                </Notice>
              ))}
            <ul class="subjects">
              {subjects.map((subject) => (
                <Subject key={`${subject.kind} ${subject.id}`} subject={subject} />
              ))}
            </ul>
          </>
        )}
      </Asked>
    </section>
  );
}

function Subject({ subject }: { readonly subject: SpendAnswer['subjects'][number] }) {
  const { kind, name, scope, severs, spent, usualUsd, tripUsd, standing } = subject;
  return (
    <li class={`subject${standing ? ` subject-${standing.level}` : ''}`}>
      <h3>
        {kind === 'whole' ? 'All keys together' : name} {kind === 'team' && <small>team</small>}
      </h3>
      <p>
        <strong>{money(spent.minute.usd)}</strong> in the last minute, {money(spent.hour.usd)} in the hour,{' '}
        {money(spent.day.usd)} in the day ({count(spent.day.tokens)} tokens)
      </p>
      <p class="quiet">
        {usualUsd === undefined ? 'What is usual is not known yet' : `Usual now: ${money(usualUsd)} a minute`}
        {tripUsd !== undefined && `; ${money(tripUsd)} a minute would trip`}
        {severs ? `, which severs ${scope}.` : ', which is told and severs nothing.'}
      </p>
      {standing && (
        <p class="subject-standing">
          <Icon name={standing.level === 'trip' ? 'alarm' : 'warning'} /> {standing.explanation}
        </p>
      )}
    </li>
  );
}
