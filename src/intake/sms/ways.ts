import { Recent } from './recent';

/** How an answer gets to the sender: as the answer to the provider's webhook, or as a text by the provider's API. */
export type Way = 'webhook' | 'api';

/** Of how many messages it is remembered. */
const REMEMBERED = 500;

/**
 * Lets the same message be answered by one way alone, when it comes through several doors. Forgotten at a restart:
 * then the ledger knows which results were told, and at worst another answer comes twice.
 */
export class Ways {
  private readonly taken = new Recent<Way>(REMEMBERED);

  /** @returns whether the message goes this way; `first` is true once. */
  take(messageId: string, way: Way): { readonly mine: boolean; readonly first: boolean } {
    let first = false;
    const has = this.taken.take(messageId, () => {
      first = true;
      return way;
    });
    return { mine: has === way, first };
  }

  /** What was to go this way did not get there. */
  free(messageId: string): void {
    this.taken.forget(messageId);
  }
}
