import type { Entry } from '../ledger/store';
import type { Channel } from './channel';

/**
 * Puts on paper what people were told is wrong, and that it is over (law 8). What the ledger has already, as a line of its
 * own, is no trouble.
 * @param note undefined until there is somebody to write it down. Must not throw.
 */
export const paperChannel = (note: () => ((entry: Entry) => void) | undefined): Channel => ({
  name: 'ledger',
  tell: async ({ kind, text }) => {
    const state = kind === 'cleared' ? 'cleared' : 'raised';
    if (kind === 'trouble' || kind === 'alarm' || kind === 'cleared')
      note()?.({ kind: 'trouble', data: { state, text } });
    return 'told';
  },
});
