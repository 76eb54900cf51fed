import type { StoryAnswer } from '../../../../intake/http/story-schema';
import { count, money } from '../../format';
import { Moment } from '../../parts/time';

type CostAnswer = NonNullable<StoryAnswer['cost']>;
type Sum = CostAnswer['spent'];

/** Both units; what nobody saw is said to be unknown, never nothing. */
const amount = ({ usd, tokens }: Sum): string =>
  (usd === undefined ? 'unknown' : money(usd)) + (tokens === undefined ? '' : `, ${count(tokens)} tokens`);

/** What it cost, and what the cut saved, by an estimate that is stated. */
export function Cost({
  cost,
  title = 'What it cost, what the cut saved',
}: {
  readonly cost: CostAnswer;
  readonly title?: string;
}) {
  return (
    <section class="block cost" aria-labelledby="cost">
      <h2 id="cost">{title}</h2>
      <dl class="figures">
        <div>
          <dt>Beyond the usual, until the cut was seen</dt>
          <dd>{amount(cost.beyondUsual)}</dd>
        </div>
        <div>
          <dt>Burnt a minute before the cut</dt>
          <dd>{amount(cost.perMinute)}</dd>
        </div>
        <div class="figures-good">
          <dt>Saved by the cut, estimated</dt>
          <dd>{amount(cost.saved)}</dd>
        </div>
      </dl>
      <p class="quiet">
        Since <Moment at={cost.from} whole />, {amount(cost.spent)} in all. {cost.estimate}
      </p>
    </section>
  );
}
