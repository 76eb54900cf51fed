import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { call } from './call';

const folder = mkdtempSync(join(tmpdir(), 'pullcord-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const replay = (...argv: readonly string[]) => call(['tripwire', 'replay', ...argv], { url: '', token: '' });

const HEADER = 'ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total\n';
const T = 1_767_571_200;
const calm =
  HEADER + Array.from({ length: 60 }, (_, i) => `${T + i * 10},k,m,${i / 100},${i * 50},${i * 10}\n`).join('');

describe('with --json there is nothing but JSON on the standard output', () => {
  it.each<[string, () => readonly string[]]>([
    ['of a file', () => [file('a.csv', calm)]],
    ['of a packed file', () => [file('a.csv.gz', gzipSync(calm))]],
    ['of a file with faults', () => [file('b.csv', `${calm}nonsense\n`)]],
  ])('%s', async (_, argv) => {
    const { code, stdout } = await replay(...argv(), '--json');
    expect([code, stdout]).toEqual([0, '[]\n']);
  });

  it('of the standard input', async () => {
    const done = await call(['tripwire', 'replay', '-', '--json'], { url: '', token: '', input: calm });
    expect(done).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
  });
});

describe('wrong use is exit code 2, and says what to do', () => {
  it.each<[string, () => readonly string[], string]>([
    ['no file', () => [], 'missing required argument'],
    ['a file that is not there', () => [join(folder, 'gone.csv')], 'there is no such file'],
    ['a file of something else', () => [file('c.csv', 'ts,value\n1,2\n')], 'line 1: the header lacks key'],
    [
      'keys that are not there',
      () => [file('a.csv', calm), '--keys', join(folder, 'gone.json')],
      'gone.json cannot be read',
    ],
    [
      'keys that are wrong',
      () => [file('a.csv', calm), '--keys', file('keys.json', '{"a": {"profile": "x"}, "b": 1}')],
      'keys.json has 2 faults',
    ],
  ])('%s', async (_, argv, message) => {
    const { code, stdout, stderr } = await replay(...argv());
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});

it('a file without a single row is bad news', async () => {
  const { code, stderr } = await replay(file('empty.csv', HEADER), '--json');
  expect([code, stderr]).toEqual([1, 'There is no row of samples in it.\n']);
});

it('rows that are left out are told with their line, and not without bound', async () => {
  const bad = Array.from({ length: 50 }, () => `${T},k,m,-1,0,0\n`).join('');
  const { code, stderr } = await replay(file('bad.csv', calm + bad));
  expect(code).toBe(0);
  expect(stderr).toContain('line 62 is left out: a total that is no number of at least 0\n');
  expect(stderr).toContain('50 lines in all are left out\n');
  expect(stderr.split('\n').length).toBeLessThan(10);
});

it('--help says what the file holds', async () => {
  const { code, stdout } = await replay('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total');
});
