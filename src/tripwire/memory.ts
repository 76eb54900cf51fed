import { join } from 'node:path';
import { z } from 'zod';
import { LinesFile } from './lines-file';
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

/**
 * A file in the data folder, a line for each key. Fails towards "learn afresh", aloud: what can't be read is left alone
 * until the next save. One process writes it; two instances have a data folder each.
 */
export class Memory {
  private readonly file: LinesFile;

  constructor(dataDir: string) {
    this.file = new LinesFile(join(dataDir, 'tripwire.jsonl'));
  }

  /**
   * @param take one line after the other, the head apart.
   * @returns undefined when there is none. @throws Error when it can't be read, and what `take` throws.
   */
  async read(take: (part: unknown) => void): Promise<Head | undefined> {
    let head: Head | undefined;
    const isThere = await this.file.read((line) => {
      if (head) take(line);
      else head = headSchema.parse(line);
    });
    if (isThere && !head) throw new Error(`${this.file.path} is empty`);
    return head;
  }

  /**
   * Puts it in the old one's place in one step.
   * @returns how many bytes it has. @throws the file system's error; then the old one stays.
   */
  write(head: Head, parts: Iterable<unknown>): Promise<number> {
    return this.file.write(linesOf(head, parts));
  }
}

function* linesOf(head: Head, parts: Iterable<unknown>): Generator<unknown> {
  yield { version: VERSION, ...head };
  yield* parts;
}
