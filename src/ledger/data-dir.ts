import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Locked, lockHolder, takeLock } from '../lock-file';

export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';
}

/**
 * Takes the data folder for this process: the embedded database would be destroyed by two processes at once.
 * A lock that a dead process left behind is taken over.
 * @returns gives the folder back.
 * @throws DataDirInUse when another process that lives holds it.
 */
export function lockDataDir(dataDir: string, pid = process.pid): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    return takeLock(join(dataDir, 'lock'), pid);
  } catch (error) {
    if (!(error instanceof Locked)) throw error;
    const { holder, message } = error;
    throw new DataDirInUse(
      holder === undefined
        ? message
        : `${dataDir} is in use by process ${holder}. Stop it, or use another dataDir; one process at a time can open it.`,
    );
  }
}

/** The other process that lives and holds the folder, as far as it can be seen from here. */
export const holderOf = (dataDir: string, pid = process.pid): number | undefined =>
  lockHolder(join(dataDir, 'lock'), pid);
