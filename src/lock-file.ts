import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Another process that lives has what this one wants for itself. */
export class Locked extends Error {
  override readonly name = 'Locked';
  constructor(
    path: string,
    /** Undefined when the lock is made anew each time it is taken away. */
    readonly holder: number | undefined,
  ) {
    super(holder === undefined ? `${path} cannot be taken: another process keeps making it` : `process ${holder}`);
  }
}

/**
 * Takes something for this process alone, by a file that holds its number. A lock that a dead process left behind is
 * taken over.
 * @returns gives it back.
 * @throws Locked
 */
export function takeLock(path: string, pid = process.pid): () => void {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(path, `${pid}\n`, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = lockHolder(path, pid);
    if (holder !== undefined) throw new Locked(path, holder);
    rmSync(path, { force: true });
  }
  throw new Locked(path, undefined);
}

/** The other process that lives and holds it, as far as it can be seen from here. */
export function lockHolder(path: string, pid = process.pid): number | undefined {
  const holder = readHolder(path);
  // In a container every start has the same pid: then the lock is that of our own earlier life.
  return holder !== undefined && holder !== pid && isAlive(holder) ? holder : undefined;
}

function readHolder(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
