import { once } from 'node:events';
import { constants, createGzip } from 'node:zlib';

/** Packs by gzip, so that all that was handed out can be unpacked, whatever comes after it or doesn't. */
export interface Pack {
  add(data: string | Buffer): Promise<Buffer>;
  /** What ends the packing. */
  end(): Promise<Buffer>;
}

export function pack(): Pack {
  const gzip = createGzip();
  const made: Buffer[] = [];
  gzip.on('data', (bytes: Buffer) => made.push(bytes));
  const taken = (): Buffer => Buffer.concat(made.splice(0));
  return {
    async add(data) {
      if (data.length === 0) return Buffer.alloc(0);
      gzip.write(data);
      await new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, () => resolve()));
      return taken();
    },
    async end() {
      const ended = once(gzip, 'end');
      gzip.end();
      await ended;
      return taken();
    },
  };
}
