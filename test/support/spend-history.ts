import type { NamedHistory } from '../../src/tripwire/history';
import { History } from '../../src/tripwire/history/history';
import type { SpanName } from '../../src/tripwire/history/spans';
import { viewOf } from '../../src/tripwire/history/view';

/** Ten keys that have spent a third of a dollar, and as many dollars more as their number says, at this moment. */
export function seenHistory(span: SpanName, now: number): NamedHistory {
  const history = new History();
  const bounds = () => ({ usual: 0.1, floor: 0.2, ceiling: 5, trips: undefined });
  history.saw(now - 60_000, now, bounds);
  const one = { model: 'gpt-4o', promptTokens: 4, completionTokens: 6.4 };
  for (let i = 0; i < 10; i += 1) history.take({ ...one, key: `hash-${i}`, from: now, to: now, spendUsd: 1 / 3 + i });
  const { keys, models, ...rest } = viewOf(history, span, now);
  const named = ({ id, ...line }: (typeof keys)[number]) => ({ name: id.replace('hash', 'agent'), ...line });
  return { ...rest, keys: keys.map(named), models: models.map(named) };
}
