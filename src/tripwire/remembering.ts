import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { Detection, SavedPart } from './detection';
import type { Episode, Episodes } from './episodes';
import type { SpendHistory } from './history';
import type { SavedHistory } from './history/saved';
import { Keeper, type KeeperOptions } from './keeper';
import { Memory } from './memory';
import type { Restores } from './restores';

export interface RememberingOptions extends Pick<KeeperOptions, 'monotonic'> {
  readonly dataDir: string;
  readonly detection: Detection;
  readonly history: SpendHistory;
  readonly restores: Restores;
  readonly episodes: Episodes;
  readonly alarm: (key: string, text: string) => void;
  readonly trouble: (key: string, text: string) => void;
  readonly cleared: (key: string, text: string) => void;
  readonly logger: Logger;
  readonly now: Clock;
}

const MEMORY = 'tripwire memory';
const HISTORY = 'tripwire history';

/** What the tripwire knows, over restarts. What can't be read costs itself and nothing else, and is told. */
export function remembering(options: RememberingOptions): { readonly keeper: Keeper; recall(): Promise<void> } {
  const { dataDir, detection, history, restores, episodes, alarm, trouble, cleared, logger, now, monotonic } = options;
  const memory = new Memory(dataDir);

  const write = async (): Promise<number> => {
    let past: SavedHistory = [];
    function* parts(): Generator<SavedPart> {
      for (const part of detection.parts()) {
        // Of the counters' own moment: what comes between the two would be told twice, or never.
        if ('feed' in part) past = history.save();
        yield part;
      }
    }
    const head = { savedAt: now(), scopes: restores.save(), episodes: episodes.save() };
    return (await memory.write(head, parts())) + (await history.write(past));
  };

  const recallLearnt = async (): Promise<void> => {
    try {
      const head = await memory.read((part) => detection.loadPart(part));
      if (!head) return;
      restores.load(head.scopes);
      episodes.load(head.episodes as readonly Episode[]);
    } catch (error) {
      detection.forget();
      logger.warn({ err: error }, 'what the tripwire had learnt cannot be read');
      alarm(MEMORY, 'What the tripwire had learnt cannot be read: it learns afresh what is usual. The ceilings hold.');
    }
  };

  const recallHistory = async (): Promise<void> => {
    try {
      await history.recall();
    } catch (error) {
      logger.warn({ err: error }, 'what was spent in the last week cannot be read');
      alarm(HISTORY, 'What was spent in the last week cannot be read: charts of it begin anew. Nothing else is lost.');
    }
  };

  return {
    keeper: new Keeper({
      ...{ write, monotonic },
      onTrouble: (error) => {
        logger.warn({ err: error }, 'what the tripwire has learnt could not be kept');
        trouble(MEMORY, 'What the tripwire learns cannot be kept over a restart: look at the disk of dataDir.');
      },
      onSaved: () => cleared(MEMORY, 'What the tripwire learns is kept again.'),
    }),
    recall: async () => {
      await recallLearnt();
      await recallHistory();
    },
  };
}
