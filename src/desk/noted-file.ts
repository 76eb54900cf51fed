import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Entry, OperatorUse } from '../ledger/store';
import { replaceFile } from '../operators/replace-file';

/** What signing in left to be written down while the ledger is away. */
export interface Noted {
  readonly uses: readonly OperatorUse[];
  readonly entries: readonly Entry[];
}

export interface NotedFile {
  read(): Noted;
  write(noted: Noted): void;
}

const NOTHING: Noted = { uses: [], entries: [] };

const schema = z.object({
  uses: z.array(z.object({ operator: z.string(), lastStep: z.int(), failures: z.array(z.int()) })),
  entries: z.array(z.object({ kind: z.enum(['session', 'refusal']), data: z.record(z.string(), z.unknown()) })),
});

/**
 * Keeps it over a restart, in the data folder: a code that was spent without the ledger stays spent (law 3). A disk that
 * refuses keeps nobody from signing in: then it is known in memory alone.
 */
export function notedFile(dataDir: string, onTrouble: (error: unknown) => void): NotedFile {
  const path = join(dataDir, 'sign-ins.json');
  return {
    read: () => {
      try {
        return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onTrouble(error);
        return NOTHING;
      }
    },
    write: (noted) => {
      try {
        if (noted.entries.length === 0) rmSync(path, { force: true });
        else replaceFile(path, () => `${JSON.stringify(noted)}\n`);
      } catch (error) {
        onTrouble(error);
      }
    },
  };
}
