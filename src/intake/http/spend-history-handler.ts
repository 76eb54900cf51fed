import type { Logger } from 'pino';
import type { Records } from '../../ledger/records';
import type { NamedHistory } from '../../tripwire/history';
import type { SpanName } from '../../tripwire/history/spans';
import type { Handlers } from './router';
import { MOST_MARKS, markKinds, marksOf, spendHistoryAnswer } from './spend-history-view';

export interface SpendHistoryHandlerOptions {
  /** What was spent; undefined where there is no tripwire. From memory: no I/O. */
  readonly spendHistory?: ((span: SpanName) => NamedHistory | undefined) | undefined;
  readonly records: Pick<Records, 'newest' | 'incidents'>;
  readonly log: Logger;
}

/** What was spent by HTTP. The ledger knows the marks alone: without it they are said to be missing. */
export function spendHistoryHandler(options: SpendHistoryHandlerOptions): Pick<Handlers, 'spendHistory'> {
  const { records, log } = options;
  const marks = async (from: number) => {
    try {
      const lines = await records.newest(markKinds, MOST_MARKS);
      return marksOf(lines, lines.length > 0 ? await records.incidents({ limit: MOST_MARKS }) : [], from);
    } catch (error) {
      log.warn({ err: error }, 'the marks in the history of spend are missing');
      return undefined;
    }
  };
  return {
    spendHistory: async ({ query: { span = 'hour' } }) => {
      const history = options.spendHistory?.(span);
      if (!history) return { refused: 'not-found', detail: 'No tripwire is configured.' };
      return { status: 200, body: spendHistoryAnswer(history, await marks(history.from)) };
    },
  };
}
