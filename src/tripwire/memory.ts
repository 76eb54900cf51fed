import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as breath } from 'node:timers/promises';
import { z } from 'zod';
import type { Seen } from './restores';

/** What the tripwire has learnt, over restarts: the first line of its file. The other lines are the detection's parts. */
export interface Head {
  /** Epoch, in milliseconds. */
  readonly savedAt: number;
  /** What the scopes were like then. */
  readonly scopes: Readonly<Record<string, Seen>>;
  readonly episodes: unknown;
}

const VERSION = 1;
const headSchema = z.object({
  version: z.literal(VERSION),
  savedAt: z.number(),
  scopes: z.record(z.string(), z.object({ cut: z.boolean(), order: z.number(), incident: z.number() })),
  episodes: z.unknown(),
});

/** The program does something else for a moment after so long: ten thousand keys take seconds. Milliseconds. */
const TURN_MS = 8;

/**
 * A file in the data folder, a line for each key. Fails towards "learn afresh", aloud: what can't be read is left alone
 * until the next save. One process writes it; two instances have a data folder each.
 */
export class Memory {
  private readonly path: string;

  constructor(dataDir: string) {
    this.path = join(dataDir, 'tripwire.jsonl');
  }

  /**
   * @param take one line after the other, the head apart.
   * @returns undefined when there is none. @throws Error when it can't be read, and what `take` throws.
   */
  async read(take: (part: unknown) => void): Promise<Head | undefined> {
    let head: Head | undefined;
    try {
      for await (const line of createInterface({ input: createReadStream(this.path) })) {
        if (head) take(JSON.parse(line));
        else head = headSchema.parse(JSON.parse(line));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    if (!head) throw new Error(`${this.path} is empty`);
    return head;
  }

  /**
   * Puts it in the old one's place in one step.
   * @returns how many bytes it has. @throws the file system's error; then the old one stays.
   */
  async write(head: Head, parts: Iterable<unknown>): Promise<number> {
    const temporary = `${this.path}.new`;
    const file = await open(temporary, 'w', 0o600);
    const stream = createWriteStream(temporary, { fd: file, autoClose: false });
    try {
      const failed = once(stream, 'error').then(([error]) => Promise.reject(error));
      failed.catch(() => undefined);
      let since = performance.now();
      for (const line of lines(head, parts)) {
        if (!stream.write(line)) await Promise.race([once(stream, 'drain'), failed]);
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

function* lines(head: Head, parts: Iterable<unknown>): Generator<string> {
  yield `${JSON.stringify({ version: VERSION, ...head })}\n`;
  for (const part of parts) yield `${JSON.stringify(part)}\n`;
}
