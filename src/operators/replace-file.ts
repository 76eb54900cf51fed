import {
  closeSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Somebody else is writing the file, or was killed while doing so. */
export class FileBusy extends Error {
  override readonly name = 'FileBusy';
  constructor(temporary: string) {
    super(`${temporary} exists: another command is writing. If none is, remove it and try again.`);
  }
}

/**
 * Puts a new file in the old one's place in one step, readable by its owner alone. While it is being written, its
 * name keeps others out, so that `text` may read the old file and lose no change. Fails towards "the old file stays".
 * @throws FileBusy
 * @throws the file system's error, and what `text` throws
 */
export function replaceFile(path: string, text: () => string): void {
  const temporary = `${path}.new`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fd = openExclusively(temporary);
  try {
    try {
      writeFileSync(fd, text(), 'utf8');
      keepOwner(fd, path);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

function openExclusively(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new FileBusy(path);
    throw error;
  }
}

/** A file that root makes would be unreadable to the service: it goes to whoever had the old one, or has the folder. */
function keepOwner(fd: number, path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(path, { throwIfNoEntry: false }) ?? statSync(dirname(path));
  fchownSync(fd, uid, gid);
}

/** A rename lasts through a power cut only when the folder was written, too. */
function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
