import { decidedText } from '../../fallback/texts';
import type { Line, Store } from '../../ledger/store';
import { isRehearsal } from '../../orders/drill';
import type { FallbackDecision, Notice } from '../channel';
import { sentence } from '../sentence';

/** Lines that are looked at. */
const LOOK_BACK = 200;
/** Before the newest of them: what is older was told long before the process ended. Milliseconds. */
const WITHIN_MS = 10 * 60_000;

/**
 * What the ledger says of the last minutes of an earlier life: a process that is killed may have put a step of an order
 * on paper and told nobody. Oldest first. @throws StoreUnavailable
 */
export async function lastOnPaper(store: Pick<Store, 'lines'>): Promise<readonly Notice[]> {
  const lines = await store.lines({ limit: LOOK_BACK, kinds: ['order', 'severed', 'restored', 'fallback'] });
  const newest = lines.at(-1)?.at ?? 0;
  return lines.filter(({ at }) => newest - at <= WITHIN_MS).flatMap(noticeOf);
}

function noticeOf(line: Line): readonly Notice[] {
  const { kind, at, data } = line;
  if (kind === 'fallback') return decisionOf(line);
  const { scope, action } = data;
  const order = kind === 'order' ? data.number : data.order;
  if (typeof scope !== 'string' || typeof order !== 'number' || isRehearsal(scope)) return [];
  if (kind === 'order' && action !== 'sever') return [];
  const about = { kind: kind === 'order' ? 'severing' : (kind as 'severed' | 'restored'), scope, order, at } as const;
  return [{ ...about, text: sentence(about) }];
}

function decisionOf({ at, data }: Line): readonly Notice[] {
  const { fallback: name, state, number: order, by, why, until } = data;
  if (state !== 'primary' && state !== 'asked' && state !== 'fallback') return [];
  if (typeof name !== 'string' || typeof order !== 'number' || typeof by !== 'string' || typeof why !== 'string')
    return [];
  const fallback: FallbackDecision = { name, state, order, by, why, ...(typeof until === 'string' ? { until } : {}) };
  return [{ kind: 'fallback', text: decidedText(fallback), fallback, at }];
}
