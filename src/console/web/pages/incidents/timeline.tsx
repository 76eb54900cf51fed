import type { StoryAnswer } from '../../../../intake/http/story-schema';
import { offset } from '../../format';
import { Icon, type IconName } from '../../parts/icon';
import { Moment } from '../../parts/time';

type Step = StoryAnswer['timeline'][number];

const icons: Readonly<Record<Step['kind'], IconName>> = {
  warned: 'warning',
  tripped: 'alarm',
  order: 'now',
  refusal: 'broken',
  write: 'line',
  severed: 'severed',
  restored: 'live',
  drift: 'warning',
  trouble: 'warning',
  fallback: 'restoring',
  reply: 'well',
  other: 'skipped',
};

export function Timeline({ steps }: { readonly steps: readonly Step[] }) {
  return (
    <ol class="timeline">
      {steps.map((step, index) => (
        <li key={step.seq ?? `${step.at} ${index}`} class={`step step-${step.kind}`}>
          <p class="step-when">
            <strong>{offset(step.afterMs)}</strong>
            <Moment at={step.at} />
          </p>
          <span class="step-dot">
            <Icon name={icons[step.kind]} />
          </span>
          <div class="step-what">
            <p>
              <span class="hidden">{step.kind}: </span>
              {step.text}
            </p>
            {step.who !== undefined && <p class="quiet">by {step.who}</p>}
            {step.evidence !== undefined && Object.keys(step.evidence).length > 0 && (
              <details>
                <summary>
                  Evidence{step.seq !== undefined && `, line ${step.seq} of the ledger`}
                  <span class="hidden"> at {offset(step.afterMs)}</span>
                </summary>
                <pre>{JSON.stringify(step.evidence, null, 2)}</pre>
              </details>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}
