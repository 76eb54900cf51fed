import type { StoryAnswer } from '../../../../intake/http/story-schema';
import { many } from '../../format';
import { Icon } from '../../parts/icon';
import { diffLines } from './diff';

type ObjectDiff = StoryAnswer['objects'][number];

const said = { '-': 'before: ', '+': 'after: ', ' ': '' } as const;

/** One object: what went and what came, place by place. */
export function Diff({ object: { gateway, object, changes, restored } }: { readonly object: ObjectDiff }) {
  return (
    <details class="fold diff">
      <summary>
        <span class="diff-name">
          <strong>{object}</strong> at {gateway}
        </span>
        <span class="quiet">
          {many(changes.length, 'change')},{' '}
          <span class={restored ? 'is-seen' : 'is-missing'}>
            <Icon name={restored ? 'well' : 'wait'} /> {restored ? 'as it was again' : 'not as it was'}
          </span>
        </span>
      </summary>
      {changes.map(({ path, before, after }) => (
        <figure key={path}>
          <figcaption>
            <code>{path === '' ? 'the whole object' : path}</code>
          </figcaption>
          <pre class="diff-lines">
            {diffLines(before, after).map(({ sign, text }, index) => (
              <span key={index} class={sign === '-' ? 'went' : sign === '+' ? 'came' : 'stayed'}>
                <span class="hidden">{said[sign]}</span>
                <span aria-hidden="true">{sign} </span>
                {text}
                {'\n'}
              </span>
            ))}
          </pre>
        </figure>
      ))}
    </details>
  );
}
