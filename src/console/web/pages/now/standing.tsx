import type { StatusAnswer } from '../../../../intake/http/schemas';
import { many } from '../../format';
import { Icon, type IconName } from '../../parts/icon';
import { address } from '../../route';

const shown: Readonly<Record<StatusAnswer['state'], { readonly icon: IconName; readonly word: string }>> = {
  armed: { icon: 'well', word: 'Armed' },
  degraded: { icon: 'warning', word: 'Degraded' },
  disarmed: { icon: 'broken', word: 'Disarmed' },
};

/** Whether the switch would work now, and with what. */
export function Standing({ status: { state, works = [], parts } }: { readonly status: StatusAnswer }) {
  const { icon, word } = shown[state];
  const broken = parts.filter(({ ok }) => !ok).length;
  const open = parts.filter(({ signal }) => signal === 'supervisory').length;
  return (
    <section class={`standing standing-${state}`} aria-label="Whether a stop would work now">
      <p class="standing-word" role="status">
        <Icon name={icon} />
        <strong>{word}</strong>
        <a href={address('line')}>
          {broken > 0
            ? `${many(broken, 'part')} in trouble`
            : open > 0
              ? `${many(open, 'part wants', 'parts want')} looking after`
              : `${many(parts.length, 'part')} well`}
        </a>
      </p>
      {state !== 'armed' && works.length > 0 && (
        <ul>
          {works.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
