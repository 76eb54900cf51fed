import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { HEADER } from '../../../../src/tripwire/replay/record/format';
import { NotWritable, openRecordFile } from '../../../../src/tripwire/replay/record/record-file';
import { openSource } from '../../../../src/tripwire/replay/source';

const folder = mkdtempSync(join(tmpdir(), 'pullcord-record-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = (name: string, content?: string | Buffer): string => {
  const file = join(folder, name);
  if (content !== undefined) writeFileSync(file, content);
  return file;
};
const line = (n: number): string => `17675712${String(n).padStart(2, '0')},k,m,${n},${n},0,,,,,\n`;

/** What a replay finds in it, also while it is being written. */
async function readable(file: string): Promise<string> {
  const source = await openSource(file, new PassThrough());
  const chunks: Buffer[] = [];
  for await (const chunk of source.chunks) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
async function recordInto(file: string, ...lines: readonly string[]) {
  const opened = await openRecordFile(file);
  for (const one of lines) await opened.append(one);
  await opened.close();
  return opened.found;
}

describe.each(['plain.csv', 'packed.csv.gz'])('%s', (name) => {
  it('has every line as soon as it was appended, and is gone on with', async () => {
    const file = path(`a-${name}`);
    const opened = await openRecordFile(file);
    await opened.append(line(1));
    expect(await readable(file)).toBe(HEADER + line(1));
    // At once: they come one after the other all the same.
    await Promise.all([opened.append(line(2)), opened.append(line(3)), opened.append(line(4))]);
    expect(await readable(file)).toBe(HEADER + line(1) + line(2) + line(3) + line(4));
    expect(opened.size).toBe(statSync(file).size);
    await opened.close();
    expect(await recordInto(file, line(5))).toBe('4 rows are there already');
    const whole = readFileSync(file);
    const text = name.endsWith('.gz') ? gunzipSync(whole).toString() : whole.toString();
    expect(text).toBe(HEADER + [1, 2, 3, 4, 5].map(line).join(''));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('what a crash left half written is cut off, wherever it broke', async () => {
    const file = path(`b-${name}`);
    await recordInto(file, line(1), line(2), line(3));
    const whole = readFileSync(file);
    const start = whole.length - (name.endsWith('.gz') ? 30 : line(3).length - 1);
    for (let length = start; length < whole.length; length += 1) {
      writeFileSync(file, whole.subarray(0, length));
      const before = await readable(file);
      const found = await recordInto(file, line(4));
      const kept = before.slice(0, before.lastIndexOf('\n') + 1);
      expect(await readable(file)).toBe(kept + line(4));
      expect(kept.startsWith(HEADER + line(1))).toBe(true);
      expect(found).toContain('its end was torn, and is mended');
      if (name.endsWith('.gz')) expect(gunzipSync(readFileSync(file)).toString()).toBe(kept + line(4));
    }
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  it('rows of other columns are followed by a header of ours', async () => {
    const old = 'ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total\n1767571200,k,m,1,1,0\n';
    const file = path(`c-${name}`, name.endsWith('.gz') ? gzipSync(old) : old);
    expect(await recordInto(file, line(1))).toBe('1 rows are there already');
    expect(await readable(file)).toBe(old + HEADER + line(1));
  });
});

it('a long packed file that is torn in the midst of a row loses that row alone', async () => {
  const rows = Array.from(
    { length: 4_000 },
    (_, i) => `17675712${i},${randomBytes(32).toString('hex')},m,1,1,0,,,,,\n`,
  );
  const file = path('long.csv.gz');
  const packed = gzipSync(HEADER + rows.join(''));
  writeFileSync(file, packed.subarray(0, packed.length - 60));
  const before = await readable(file);
  expect(before.endsWith('\n')).toBe(false);
  expect(before.length).toBeGreaterThan(3 * 65_536);
  await recordInto(file, line(1));
  expect(gunzipSync(readFileSync(file)).toString()).toBe(before.slice(0, before.lastIndexOf('\n') + 1) + line(1));
});

describe('is refused, and left as it is', () => {
  it.each<[string, string, string | Buffer, RegExp]>([
    ['a file of something else', 'other.csv', 'some,thing\nelse,1\n', /is no recording; name another file/],
    ['a header that lacks columns', 'half.csv', 'ts,key\n1,2\n', /is no recording: line 1: the header lacks model/],
    ['a packed file that is not named so', 'd.csv', gzipSync(HEADER), /is packed, and not named .gz/],
    ['a plain file that is named packed', 'd.csv.gz', HEADER, /is not packed, though named .gz/],
    ['a broken file', 'broken.csv.gz', Buffer.concat([gzipSync(HEADER), Buffer.from('rubbish')]), /cannot be/],
  ])('%s', async (_, name, content, message) => {
    const file = path(name, content);
    await expect(openRecordFile(file)).rejects.toThrow(message);
    await expect(openRecordFile(file)).rejects.toThrow(NotWritable);
    expect(readFileSync(file)).toEqual(Buffer.from(content));
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  it('a place that is not there', async () => {
    await expect(openRecordFile(join(folder, 'nowhere', 'a.csv'))).rejects.toThrow(/cannot be written: ENOENT/);
  });

  (existsSync('/dev/full') ? it : it.skip)('a disk that is full', async () => {
    const file = join(folder, 'full.csv');
    symlinkSync('/dev/full', file);
    await expect(openRecordFile(file)).rejects.toThrow(
      'cannot be written any more: ENOSPC. What is in it is kept; make room, and go on with the same command.',
    );
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  it('a file that another process that lives is recording into; a dead one does not count', async () => {
    const file = path('e.csv');
    writeFileSync(`${file}.lock`, `${process.ppid}\n`);
    await expect(openRecordFile(file)).rejects.toThrow(`is being recorded into by process ${process.ppid}`);
    expect(existsSync(file)).toBe(false);
    writeFileSync(`${file}.lock`, '999999999\n');
    await recordInto(file, line(1));
    expect(existsSync(`${file}.lock`)).toBe(false);
  });
});
