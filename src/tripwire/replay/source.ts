import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';

/** The bytes of a recording, unpacked where they are packed. */
export interface Source {
  readonly chunks: AsyncIterable<Buffer>;
  /** Bytes that were read so far, as they stand in the file. */
  read(): number;
  /** Bytes of the file; undefined for a stream. */
  readonly size: number | undefined;
  /** Whether it is packed; known once something was read. */
  isPacked(): boolean;
  /** Whether it ended in the midst of its packing, as after a power cut. All before that was read. */
  cutShort(): boolean;
}

/** It can't be opened or read. The message says what to do. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** Also bounds what a file can make of one step: at most a thousand times as much. Bytes. */
const STEP = 64 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * @param path `-` for the standard input.
 * @throws Unreadable, also while its chunks are read.
 */
export async function openSource(path: string, stdin: NodeJS.ReadableStream): Promise<Source> {
  if (path === '-') return sourceOf(stdin, undefined);
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (found.isDirectory()) throw new Unreadable(`${path} is a folder; name a file of samples, or - for the input`);
  const size = found.isFile() ? found.size : undefined;
  return sourceOf(createReadStream(path, { highWaterMark: STEP }), size, path);
}

function sourceOf(stream: NodeJS.ReadableStream, size: number | undefined, path = 'the input'): Source {
  let bytes = 0;
  let [isCutShort, isPacked] = [false, false];
  async function* counted(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of stream) {
        const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        bytes += buffer.length;
        yield buffer;
      }
    } catch (error) {
      throw unreadable(path, error);
    }
  }
  async function* chunks(): AsyncGenerator<Buffer> {
    const packed = counted();
    try {
      const head = await headOf(packed);
      isPacked = head.subarray(0, GZIP.length).equals(GZIP);
      yield* isPacked ? unpacked(joined(head, packed)) : joined(head, packed);
    } catch (error) {
      if (codeOf(error) !== 'Z_BUF_ERROR') throw error instanceof Unreadable ? error : unreadable(path, error);
      isCutShort = true;
    } finally {
      await packed.return(undefined);
    }
  }
  return { chunks: chunks(), read: () => bytes, size, isPacked: () => isPacked, cutShort: () => isCutShort };
}

/** By hand: a stream that fails at its end drops what it has made and nobody has read yet. */
async function* unpacked(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: STEP });
  const made: Buffer[] = [];
  let failed: unknown;
  let goOn = (): void => undefined;
  gunzip
    .on('data', (chunk: Buffer) => made.push(chunk))
    .on('error', (error) => {
      failed = error;
    })
    .on('close', () => goOn());
  const until = (start: () => void): Promise<void> =>
    new Promise((resolve) => {
      goOn = resolve;
      if (gunzip.closed) resolve();
      else start();
    });
  try {
    for await (const chunk of packed) {
      await until(() => gunzip.write(chunk, () => goOn()));
      yield* made.splice(0);
      if (failed !== undefined) throw failed;
    }
    await until(() => gunzip.end());
    yield* made.splice(0);
    if (failed !== undefined) throw failed;
  } finally {
    gunzip.destroy();
  }
}

/** Enough to tell what it is: a stream may hand out its bytes one by one. */
async function headOf(chunks: AsyncGenerator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < GZIP.length) {
    const { value, done } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* joined(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* rest;
}

const advice: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read; check its mode',
  Z_DATA_ERROR: 'its packing is broken; what stands before it was read',
};

function unreadable(path: string, error: unknown): Unreadable {
  const code = codeOf(error);
  return new Unreadable(`${path} cannot be read: ${advice[code] ?? code}`);
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
