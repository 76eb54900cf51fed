import { useEffect, useState } from 'preact/hooks';
import type { WhyAnswer } from '../../../intake/http/why-schema';
import '../styles/why.css';
import { Asked, useAsked } from '../parts/asked';
import { Icon, type IconName } from '../parts/icon';
import { Notice } from '../parts/notice';
import { address } from '../route';
import { askable, sha256 } from './why-subject';

type Finding = WhyAnswer['findings'][number];

const layers: Readonly<Record<Finding['layer'], string>> = {
  gateway: 'Gateway',
  routes: 'Routes',
  clamp: 'Clamp',
  guard: 'Guard',
  fallback: 'Fallback',
  litellm: 'LiteLLM',
  ledger: 'Ledger',
};

const verdicts: Readonly<Record<Finding['verdict'], { readonly icon: IconName; readonly word: string }>> = {
  passes: { icon: 'well', word: 'passes' },
  refuses: { icon: 'severed', word: 'refuses' },
  unknown: { icon: 'unknown', word: 'unknown' },
  skipped: { icon: 'skipped', word: 'not asked' },
};

/** Who refuses, and what would change it. @param subject in the page's address, so that an answer can be linked to. */
export function Why({ subject }: { readonly subject?: string }) {
  const [text, setText] = useState(subject ?? '');
  useEffect(() => setText(subject ?? ''), [subject]);
  const [fault, setFault] = useState<string>();
  const path = subject === undefined ? undefined : `/api/v1/why?subject=${encodeURIComponent(subject)}`;
  const asking = useAsked<WhyAnswer>(path);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const asked = await askable(text, sha256);
    setFault('fault' in asked ? asked.fault : undefined);
    if ('fault' in asked) return;
    setText(asked.subject);
    if (asked.subject === subject) asking.again();
    else location.hash = address('why', asked.subject);
  }

  return (
    <>
      <form class="why-form" onSubmit={(event) => void submit(event)}>
        <label class="field">
          <span>A request id, a path, a key or a scope</span>
          <input
            type="search"
            autoCapitalize="none"
            autoComplete="off"
            spellcheck={false}
            maxLength={2000}
            required
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button button-main">
          Ask why
        </button>
      </form>
      <div role="alert">{fault !== undefined && <Notice tone="bad" title={fault} />}</div>
      <div role="status">
        {subject !== undefined && (
          <Asked asking={asking} what="Who refuses">
            {(why) => <Answer why={why} />}
          </Asked>
        )}
      </div>
    </>
  );
}

function Answer({ why: { refused, answer, todo, findings } }: { readonly why: WhyAnswer }) {
  const tone = refused === undefined ? 'unknown' : refused ? 'refuses' : 'passes';
  return (
    <>
      <div class={`why-answer why-${tone}`}>
        <p class="why-line">
          <Icon name={verdicts[tone].icon} />
          <strong>{answer}</strong>
        </p>
        <p>{todo}</p>
      </div>
      <h2>Layer by layer, as a request meets them</h2>
      <ol class="why-layers">
        {findings.map(({ layer, name, verdict, text, evidence }) => (
          <li key={`${layer} ${name} ${text}`} class={`why-${verdict}`}>
            <Icon name={verdicts[verdict].icon} />
            <div>
              <p>
                <strong>
                  {layers[layer]}
                  {name !== undefined && ` ${name}`}
                </strong>{' '}
                {verdicts[verdict].word}
              </p>
              <p>{text}</p>
              {evidence !== undefined && Object.keys(evidence).length > 0 && (
                <details>
                  <summary>
                    Evidence<span class="hidden"> of {layers[layer]}</span>
                  </summary>
                  <pre>{JSON.stringify(evidence, null, 2)}</pre>
                </details>
              )}
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}
