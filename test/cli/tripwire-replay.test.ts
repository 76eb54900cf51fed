import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { run } from '../../src/cli';
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
    ['of a file with faults, to be drawn', () => [file('b.csv', `${calm}nonsense\n`), '--plot', join(folder, 'b.svg')]],
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

describe('rows that are left out are told with their lines, and not without bound', () => {
  const bad = calm + Array.from({ length: 50 }, () => `${T},k,m,-1,0,0\n`).join('');
  const told = '50 rows left out: a total that is no number of at least 0 (lines 62, 63, 64, 65, 66, …)\n';

  it('in the summary for a person', async () => {
    expect(await replay(file('bad.csv', bad))).toEqual({
      code: 0,
      stdout: `60 rows of 1 key over 0.0 days; $0.59 and 3,540 tokens seen.\nNo trips, no warnings.\n${told}`,
      stderr: '',
    });
  });

  it('beside the JSON for a program', async () => {
    expect(await replay(file('bad.csv', bad), '--json')).toEqual({ code: 0, stdout: '[]\n', stderr: told });
  });
});

it('a file that was cut off is read as far as it goes, and that is said', async () => {
  const packed = gzipSync(calm);
  const { code, stdout, stderr } = await replay(file('cut.csv.gz', packed.subarray(0, packed.length - 20)));
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^[45]\d rows of 1 key/)]);
  expect(stderr).toContain('The file ends in the midst of its packing');
});

describe('--config', () => {
  const burning =
    HEADER + Array.from({ length: 60 }, (_, i) => `${T + i * 10},k,m,${i < 30 ? 0 : i - 30},${i * 9},${i}\n`).join('');
  const samples = file('burning.csv', burning);
  // Nothing but the block is right, and no secret is there.
  const config = file(
    'pullcord.yaml',
    `publicUrl: \${NOBODY}\ngateways: 5\ntripwire:\n  litellm: [{url: "http://litellm", token: "\${NOBODY}"}]\n  defaults: {anomaly: false, ceilings: {usd: {perMinute: 3}}}\n  whole: {anomaly: false, ceilings: {usd: {perDay: 99}}}\n`,
  );
  const reason = expect.stringMatching(/^key k: \$4\.00 in the last minute, ceiling \$3\.00/);

  it('is obeyed, though no secret of the file is there', async () => {
    const { code, stdout, stderr } = await replay(samples, '--config', config, '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)[0]).toEqual({ ts: T + 340, key: 'k', reason });
  });

  it('is told a person with the time of each trip', async () => {
    const { stdout } = await replay(samples, '--config', config);
    expect(stdout).toContain(
      'time (UTC)           trip\n2026-01-05 00:05:40  key k: $4.00 in the last minute, ceiling $3.00',
    );
    expect(stdout).toMatch(
      /\n\n60 rows of 1 key over 0\.0 days; \$29\.00 and [\d,]+ tokens seen\.\n\d+ trips? \(\d+ of keys\), no warnings\.\n/,
    );
  });

  it('--key tells of that one alone', async () => {
    const { stdout } = await replay(samples, '--config', config, '--json', '--key', '*');
    expect(stdout).toBe('[]\n');
  });

  it.each([
    ['without the block', 'publicUrl: x\n', 'tripwire: missing; add the block tripwire'],
    ['with faults', 'tripwire: {others: maybe, every: 5}\n', 'has 2 faults'],
    [
      'that names a key by a variable',
      `tripwire: {keys: {a: {key: "\${AGENT_KEY}"}}}\n`,
      'tripwire.keys.a.key: AGENT_KEY is not set',
    ],
  ])('%s is wrong use', async (_, yaml, message) => {
    const { code, stdout, stderr } = await replay(samples, '--config', file('wrong.yaml', yaml));
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
  });
});

describe('--plot', () => {
  const samples = file('two.csv', calm + calm.replaceAll(',k,', ',other,').slice(HEADER.length));
  const out = join(folder, 'out.svg');
  const drawn = () => [...readFileSync(out, 'utf8').matchAll(/class="name"[^>]*>([^<]*)</g)].map(([, name]) => name);

  it('draws all together and the keys that spent most', async () => {
    expect(await replay(samples, '--plot', out)).toMatchObject({ code: 0, stderr: `Drawn: ${out}\n` });
    expect(drawn()).toEqual(['all together', 'k', 'other']);
    await replay(samples, '--plot', out, '--top', '1', '--json');
    expect(drawn()).toEqual(['all together', 'k']);
    expect(readFileSync(out, 'utf8')).toContain('Drawn: the 1 that spent most of 2.');
  });

  it('draws the keys that are named', async () => {
    await replay(samples, '--plot', out, '--key', 'other');
    expect(drawn()).toEqual(['other']);
    await replay(samples, '--plot', out, '--key', 'other', '--key', '*');
    expect(drawn()).toEqual(['other']);
  });

  it.each<[string, readonly string[], number, string]>([
    ['nothing to draw', [out, '--key', 'nobody'], 1, 'nothing to draw'],
    ['no place for it', [join(folder, 'nowhere', 'out.svg')], 1, 'cannot be written: ENOENT'],
    ['the name of something else', [samples], 2, 'Name a file that ends in .svg'],
    ['no number of keys', [out, '--top', '0'], 2, 'Give 1 to 100 keys'],
  ])('%s is told', async (_, argv, exitCode, message) => {
    const { code, stderr } = await replay(samples, '--plot', ...argv);
    expect([code, stderr]).toEqual([exitCode, expect.stringContaining(message)]);
  });
});

it('ends when whoever reads the output has gone', async () => {
  const long = HEADER + Array.from({ length: 20_000 }, (_, i) => `${T + i * 10},k,m,${i * 9},${i},${i}\n`).join('');
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdout.once('data', () => stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })));
  const code = await run(['tripwire', 'replay', file('long.csv', long)], { env: {}, stdin, stdout, stderr });
  expect(code).toBe(1);
  expect(String(stderr.read())).toBe('Whoever read the output has gone: not replayed to the end.\n');
});

it('--help says what the file holds', async () => {
  const { code, stdout } = await replay('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total');
});
