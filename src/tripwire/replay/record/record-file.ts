import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { Locked, takeLock } from '../../../lock-file';
import { NotSamples } from '../columns';
import { Rows } from '../rows';
import { openSource } from '../source';
import { COLUMNS, HEADER } from './format';
import { type Pack, pack } from './pack';

/** A recording that is being written. */
export interface RecordFile {
  /** Appends whole lines. When it answers, they are in the file: the end of this process loses nothing of them. */
  append(lines: string): Promise<void>;
  /** Bytes of the file. */
  readonly size: number;
  /** What was there before, in words for a person; undefined for a new file. */
  readonly found: string | undefined;
  close(): Promise<void>;
}

/** It can't be written to. The message says what to do. */
export class NotWritable extends Error {
  override readonly name = 'NotWritable';
}

/**
 * Opens a recording to go on with it, packed by gzip when its name ends in `.gz`. What a crash left behind half
 * written is cut off. Another process that records into the same file is kept out by `<path>.lock`.
 * @throws NotWritable
 */
export async function openRecordFile(path: string): Promise<RecordFile> {
  const unlock = lock(path);
  try {
    const isPacked = path.endsWith('.gz');
    const before = await examine(path, isPacked);
    const handle = await open(path, 'a', 0o600);
    try {
      const { size } = await handle.stat();
      const file = new Appended(path, handle, isPacked ? pack() : undefined, size, before.found, unlock);
      if (!before.goesOn) await file.append(HEADER);
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error instanceof NotWritable ? error : new NotWritable(`${path} cannot be written: ${codeOf(error)}`);
  }
}

function lock(path: string): () => void {
  try {
    return takeLock(`${path}.lock`);
  } catch (error) {
    if (error instanceof Locked)
      throw new NotWritable(
        `${path} is being recorded into by process ${error.holder ?? 'after process'}; name another file`,
      );
    throw new NotWritable(`${path} cannot be written: ${codeOf(error)}`);
  }
}

class Appended implements RecordFile {
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    private readonly packed: Pack | undefined,
    public size: number,
    readonly found: string | undefined,
    private readonly unlock: () => void,
  ) {}

  append(lines: string): Promise<void> {
    // One after the other, also when several proxies answer at once.
    const done = this.running.then(async () =>
      this.put(this.packed ? await this.packed.add(lines) : Buffer.from(lines)),
    );
    this.running = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.running;
    try {
      if (this.packed) await this.put(await this.packed.end());
    } finally {
      await this.handle.close();
      this.unlock();
    }
  }

  private async put(bytes: Buffer): Promise<void> {
    try {
      await this.handle.appendFile(bytes);
      await this.handle.datasync();
    } catch (error) {
      const what = `${this.path} cannot be written any more: ${codeOf(error)}`;
      throw new NotWritable(`${what}. What is in it is kept; make room, and go on with the same command.`);
    }
    this.size += bytes.length;
  }
}

interface Before {
  readonly found: string | undefined;
  /** Whether rows like ours may follow without a header. */
  readonly goesOn: boolean;
}

const NEWLINE = 0x0a;

/** Reads what is there, and mends its end. */
async function examine(path: string, isPacked: boolean): Promise<Before> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size === 0) return { found: undefined, goesOn: false };
  let rows = 0;
  let [read, whole] = [0, 0];
  const reader = new Rows({ row: () => (rows += 1), look: () => undefined, fault: () => undefined });
  const source = await openSource(path, process.stdin);
  try {
    for await (const chunk of source.chunks) {
      reader.push(chunk);
      const end = chunk.lastIndexOf(NEWLINE);
      if (end !== -1) whole = read + end + 1;
      read += chunk.length;
    }
  } catch (error) {
    if (error instanceof NotSamples)
      throw new NotWritable(`${path} is no recording: ${error.message}; name another file`);
    throw error;
  }
  if (rows === 0 && reader.header === undefined) throw new NotWritable(`${path} is no recording; name another file`);
  if (source.isPacked() !== isPacked)
    throw new NotWritable(
      `${path} is ${isPacked ? 'not packed, though' : 'packed, and not'} named .gz; rename it, or name another file`,
    );
  const isTorn = whole < read || source.cutShort();
  if (isTorn) await (isPacked ? repack(path, whole) : cutOff(path, whole));
  const found = `${rows.toLocaleString('en-US')} rows are there already${isTorn ? '; its end was torn, and is mended' : ''}`;
  return { found, goesOn: reader.header?.join() === COLUMNS.join() };
}

async function cutOff(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(bytes);
  } finally {
    await handle.close();
  }
}

/** What is packed can't be cut off: it is written anew, beside the old file, and takes its place when it is whole. */
async function repack(path: string, bytes: number): Promise<void> {
  const temporary = `${path}.new`;
  const handle = await open(temporary, 'w', 0o600);
  const packed = pack();
  try {
    let left = bytes;
    for await (const chunk of (await openSource(path, process.stdin)).chunks) {
      await handle.appendFile(await packed.add(chunk.subarray(0, left)));
      left = Math.max(0, left - chunk.length);
    }
    await handle.appendFile(await packed.end());
    await handle.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
