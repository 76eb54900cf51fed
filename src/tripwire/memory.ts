import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Seen } from './restores';

/** What the tripwire has learnt, over restarts. */
export interface Learnt {
  /** Epoch, in milliseconds. */
  readonly savedAt: number;
  /** As `Detection.save` gave it. */
  readonly detection: unknown;
  /** What the scopes were like then. */
  readonly scopes: Readonly<Record<string, Seen>>;
  readonly episodes: unknown;
}

const VERSION = 1;
const fileSchema = z.object({
  version: z.literal(VERSION),
  savedAt: z.number(),
  detection: z.unknown(),
  scopes: z.record(z.string(), z.object({ cut: z.boolean(), order: z.number(), incident: z.number() })),
  episodes: z.unknown(),
});

/** Larger than anything that this program writes: then it is not ours. */
const MOST_BYTES = 512 * 1024 * 1024;

/**
 * A file in the data folder. Fails towards "learn afresh", aloud: what can't be read is left alone until the next save.
 * One process writes it; two instances have a data folder each.
 */
export class Memory {
  private readonly path: string;

  constructor(dataDir: string) {
    this.path = join(dataDir, 'tripwire.json');
  }

  /** @returns undefined when there is none. @throws Error when there is one that can't be read. */
  async read(): Promise<Learnt | undefined> {
    try {
      const { size } = await stat(this.path);
      if (size > MOST_BYTES) throw new Error(`${this.path} has ${size} bytes: it is not the tripwire's`);
      const { version: _version, ...learnt } = fileSchema.parse(JSON.parse(await readFile(this.path, 'utf8')));
      return learnt;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Puts it in the old one's place in one step. @throws the file system's error; then the old one stays. */
  async write(learnt: Learnt): Promise<void> {
    const temporary = `${this.path}.new`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify({ version: VERSION, ...learnt }));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.path);
  }
}
