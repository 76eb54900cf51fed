import type { Entry } from '../ledger/store';
import { isRehearsal } from '../orders/drill';
import type { Order } from '../orders/order';

/** That somebody was told how their order went, as a line of paper; none for a drill, which tells nobody. */
export const replyEntries = ({ number, scope, by }: Order, text: string): readonly Entry[] =>
  isRehearsal(scope) ? [] : [{ kind: 'reply', data: { order: number, scope, to: by, text } }];
