import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { run } from '../../src/cli';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { until } from '../support/until';
import { call } from './call';

const folder = mkdtempSync(join(tmpdir(), 'pullcord-record-'));
let litellm: SandboxLiteLLM;
beforeAll(async () => {
  litellm = await startSandboxLiteLLM({ chunkMs: 0 });
});
afterAll(async () => {
  await litellm.close();
  rmSync(folder, { recursive: true });
});

async function complete(key: string, tokens: number): Promise<void> {
  const body = JSON.stringify({ model: 'gpt-4o', max_tokens: tokens, messages: [{ role: 'user', content: 'hello' }] });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = await fetch(`${litellm.url}/v1/chat/completions`, { method: 'POST', headers, body });
  await answer.text();
}

/** The command, running; the real one listens to the signals of its process. */
function start(...argv: readonly string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const text = { stdout: '', stderr: '' };
  stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
  stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
  const done = run(['tripwire', 'record', ...argv], { env: {}, stdin, stdout, stderr }).then((code) => ({
    code,
    ...text,
  }));
  return { done, stderr: () => text.stderr };
}
const lines = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(1) : [];

it.each(['SIGINT', 'SIGTERM'] as const)(
  'writes what the proxy counts until %s, and replay reads it',
  async (signal) => {
    const out = join(folder, `${signal}.csv`);
    const { key, hash } = litellm.addKey(`bot-${signal}`);
    await complete(key, 10);
    const recording = start('--out', out, '--url', litellm.url, '--every', '1s');
    await until(() => lines(out).some((line) => line.includes(hash)));
    await complete(key, 500);
    const ours = () => lines(out).filter((line) => line.includes(hash));
    await until(() => ours().length >= 2);
    process.emit(signal);
    const { code, stdout, stderr } = await recording.done;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\d+ rows of \d+ looks, 0 of which showed nothing/);
    const first = (ours()[0] ?? '').split(',');
    const last = (ours().at(-1) ?? '').split(',');
    expect(first.slice(1, 3)).toEqual([hash, 'gpt-4o']);
    expect(Number(last[5]) - Number(first[5])).toBe(500);
    expect(Number(last[3])).toBeGreaterThan(Number(first[3]));
    expect([first[6], first[9]]).toEqual([`litellm ${new URL(litellm.url).host}`, `bot-${signal}`]);
    expect(existsSync(`${out}.lock`)).toBe(false);

    const replayed = await call(['tripwire', 'replay', out], { url: '', token: '' });
    expect([replayed.code, replayed.stdout]).toEqual([0, expect.stringMatching(/ 5\d\d tokens seen/)]);
  },
);

it('ends after --for; a proxy that is away is told once, and again when it is back', async () => {
  const out = join(folder, 'away.csv.gz');
  const away = await startSandboxLiteLLM();
  const { url } = away;
  const port = Number(new URL(url).port);
  await away.close();
  const recording = start('--out', out, '--url', url, '--every', '1s', '--for', '4s', '--json');
  const host = new URL(url).host;
  await until(() => recording.stderr().includes(`${host} is not seen: `));
  const back = await startSandboxLiteLLM({ port });
  await until(() => recording.stderr().includes('is seen again'));
  await fetch(`${back.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${back.masterKey}`, 'content-type': 'application/json' },
    body: '{"max_tokens":3,"messages":[]}',
  }).then((answer) => answer.text());
  const { code, stdout, stderr } = await recording.done;
  await back.close();
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    rows: expect.any(Number),
    looks: expect.any(Number),
    unseen: expect.any(Number),
    bytes: expect.any(Number),
  });
  const { looks, unseen, rows } = JSON.parse(stdout);
  expect(unseen).toBeGreaterThan(0);
  expect(unseen).toBeLessThan(looks);
  expect(rows).toBeGreaterThan(0);
  // Before its first request it showed nothing, and that is in the file.
  const written = gunzipSync(readFileSync(out)).toString().split('\n');
  expect(written[1]).toMatch(/^\d+(\.\d+)?,,,0,0,0,litellm /);
  expect(stderr.match(/is not seen/g)).toHaveLength(1);
  expect(stderr.match(/is seen again/g)).toHaveLength(1);
});

it('a recording in which nothing was ever seen is bad news', async () => {
  const { code, stderr } = await call(
    ['tripwire', 'record', '--out', join(folder, 'nothing.csv'), '--url', 'http://127.0.0.1:1', '--for', '1s'],
    { url: '', token: '' },
  );
  expect(code).toBe(1);
  expect(stderr).toContain('Nothing could be seen');
});

it('takes the proxies of the configuration, tells them apart, and reads nothing else of it', async () => {
  const other = await startSandboxLiteLLM();
  const config = join(folder, 'pullcord.yaml');
  const sources = [litellm, other].map(({ url }) => `{url: "${url}", token: "\${METRICS_KEY}"}`);
  writeFileSync(config, `publicUrl: nonsense\ntripwire: {everySeconds: 1, litellm: [${sources.join(', ')}]}\n`);
  const record = (env: Record<string, string>, ...argv: string[]) =>
    call(['tripwire', 'record', '--config', config, '--out', join(folder, 'two.csv'), ...argv], {
      url: '',
      token: '',
      env,
    });
  const missing = await record({}, '--for', '1s');
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('METRICS_KEY is not set')]);
  for (const { url, masterKey } of [litellm, other])
    await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' },
      body: '{"max_tokens":3,"messages":[]}',
    }).then((answer) => answer.text());
  const { code } = await record({ METRICS_KEY: 'sk-1' }, '--for', '2s');
  await other.close();
  expect(code).toBe(0);
  const hosts = new Set(lines(join(folder, 'two.csv')).map((line) => line.split(',')[6]));
  expect(hosts).toEqual(new Set([litellm, other].map(({ url }) => `litellm ${new URL(url).host}`)));
});

describe('wrong use is exit code 2', () => {
  const out = join(folder, 'wrong.csv');
  it.each<[string, readonly string[], string]>([
    ['no file', [], "required option '--out"],
    ['no time', ['--out', out, '--for', 'a day'], 'Write it as 30s, 90m, 24h or 14d'],
    ['too long a time', ['--out', out, '--for', '25d'], 'at most 24d'],
    ['no size', ['--out', out, '--max-size', '0'], 'whole number of MiB'],
    ['no address', ['--out', out, '--url', 'litellm'], 'Write it as http://'],
    [
      'a token that is not there',
      ['--out', out, '--url', 'http://x', '--token-file', join(folder, 'no')],
      'cannot be read',
    ],
    ['a token without a proxy', ['--out', out, '--token-file', out], 'belongs to --url'],
    ['no configuration', ['--out', out], 'cannot be read'],
    ['no place', ['--out', join(folder, 'no', 'x.csv'), '--url', 'http://x'], 'cannot be written: ENOENT'],
  ])('%s', async (_, argv, message) => {
    const env = { PULLCORD_CONFIG: join(folder, 'nowhere.yaml') };
    const { code, stderr } = await call(['tripwire', 'record', ...argv], { url: '', token: '', env });
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(out)).toBe(false);
  });
});
