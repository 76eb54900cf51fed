import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { openSource, Unreadable } from '../../../src/tripwire/replay/source';

const folder = mkdtempSync(join(tmpdir(), 'pullcord-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

const nobody = new PassThrough();
const file = (name: string, bytes: Buffer | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

async function all(path: string, stdin: NodeJS.ReadableStream = nobody) {
  const source = await openSource(path, stdin);
  const chunks: Buffer[] = [];
  let failed: unknown;
  try {
    for await (const chunk of source.chunks) chunks.push(chunk);
  } catch (error) {
    failed = error;
  }
  return { bytes: Buffer.concat(chunks), failed, source };
}

/** Larger than any buffer on its way, and hard to pack. */
const long = Buffer.from(randomBytes(1_000_000).toString('hex'));
const packed = gzipSync(long);

describe('a recording is read', () => {
  it.each<[string, Buffer, Buffer]>([
    ['plain', long, long],
    ['packed, whatever it is called', packed, long],
    [
      'packed in several pieces',
      Buffer.concat([gzipSync('a,b\n'), packed, gzipSync('c')]),
      Buffer.from(`a,b\n${long}c`),
    ],
    ['empty', Buffer.alloc(0), Buffer.alloc(0)],
    ['of one byte', Buffer.from('\x1f'), Buffer.from('\x1f')],
    ['packed and empty', gzipSync(''), Buffer.alloc(0)],
  ])('%s', async (name, written, expected) => {
    const { bytes, failed, source } = await all(file(name, written));
    expect(failed).toBeUndefined();
    expect(bytes.equals(expected)).toBe(true);
    expect([source.size, source.read(), source.cutShort()]).toEqual([written.length, written.length, false]);
  });

  it('from the standard input, byte by byte', async () => {
    const stdin = Readable.from([...gzipSync('some rows')].map((byte) => Buffer.of(byte)));
    const { bytes, source } = await all('-', stdin);
    expect([bytes.toString(), source.size]).toEqual(['some rows', undefined]);
  });

  it('as far as it goes, when it was cut off: all but what its last bytes would have said', async () => {
    const { bytes, failed, source } = await all(file('cut.gz', packed.subarray(0, packed.length - 100)));
    expect(failed).toBeUndefined();
    expect(source.cutShort()).toBe(true);
    expect(bytes.length).toBeGreaterThan(long.length - 1_000);
    expect(long.subarray(0, bytes.length).equals(bytes)).toBe(true);
  });
});

describe('a recording is not read', () => {
  it.each<[string, () => string, RegExp]>([
    ['that is not there', () => join(folder, 'nowhere.csv'), /nowhere\.csv cannot be read: there is no such file/],
    ['that is a folder', () => folder, /is a folder; name a file/],
  ])('%s', async (_, path, message) => {
    await expect(openSource(path(), nobody)).rejects.toThrow(Unreadable);
    await expect(openSource(path(), nobody)).rejects.toThrow(message);
  });

  it('beyond where its packing is broken, and that is said', async () => {
    const broken = Buffer.concat([packed.subarray(0, 700_000), randomBytes(300_000)]);
    const { bytes, failed } = await all(file('broken.gz', broken));
    expect(failed).toBeInstanceOf(Unreadable);
    expect(String(failed)).toContain('its packing is broken');
    expect(bytes.length).toBeGreaterThan(500_000);
  });

  it('when the input fails, and that is said', async () => {
    async function* input() {
      yield gzipSync('some rows');
      throw Object.assign(new Error('gone'), { code: 'EIO' });
    }
    const { failed } = await all('-', Readable.from(input()));
    expect(failed).toEqual(new Unreadable('the input cannot be read: EIO'));
  });
});

it('who stops reading stops the file', async () => {
  const stdin = new PassThrough();
  stdin.write(packed);
  const source = await openSource('-', stdin);
  for await (const _ of source.chunks) break;
  expect(stdin.destroyed).toBe(true);
});
