import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setImmediate as breath } from 'node:timers/promises';

/** The program does something else for a moment after so long: ten thousand keys take seconds. Milliseconds. */
const TURN_MS = 8;

/** A file of JSON, one value a line, that is put in the old one's place as a whole. One process writes it. */
export class LinesFile {
  constructor(readonly path: string) {}

  /**
   * @param take one line after the other.
   * @returns false when there is no such file. @throws Error when it can't be read, and what `take` throws.
   */
  async read(take: (line: unknown) => void): Promise<boolean> {
    try {
      for await (const line of createInterface({ input: createReadStream(this.path) })) take(JSON.parse(line));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    return true;
  }

  /**
   * Puts it in the old one's place in one step.
   * @returns how many bytes it has. @throws the file system's error; then the old one stays.
   */
  async write(lines: Iterable<unknown>): Promise<number> {
    const temporary = `${this.path}.new`;
    const file = await open(temporary, 'w', 0o600);
    const stream = createWriteStream(temporary, { fd: file, autoClose: false });
    try {
      const failed = once(stream, 'error').then(([error]) => Promise.reject(error));
      failed.catch(() => undefined);
      let since = performance.now();
      for (const line of lines) {
        if (!stream.write(`${JSON.stringify(line)}\n`)) await Promise.race([once(stream, 'drain'), failed]);
        if (performance.now() - since < TURN_MS) continue;
        await breath();
        since = performance.now();
      }
      await Promise.race([new Promise<void>((resolve) => stream.end(resolve)), failed]);
      await file.sync();
    } finally {
      stream.destroy();
      await file.close();
    }
    await rename(temporary, this.path);
    return stream.bytesWritten;
  }
}
