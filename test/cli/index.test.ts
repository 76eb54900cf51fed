import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { configSchema } from '../../src/config/schema';
import { CliFolder } from './drive';

const folder = new CliFolder();
afterAll(() => folder.remove());

describe('exit codes', () => {
  it.each<[argv: string[], code: number]>([
    [['--help'], 0],
    [['--version'], 0],
    [['help'], 0],
    [['help', 'operator'], 0],
    [['operator', '--help'], 0],
    [['operator', 'add', '--help'], 0],
    [['operator', 'phone', 'remove', '--help'], 0],
    [['token', 'new', '--help'], 0],
    [[], 2],
    [['operator'], 2],
    [['nonsense'], 2],
    [['--nonsense'], 2],
    [['operator', 'nonsense'], 2],
    [['operator', 'list', '--nonsense'], 2],
    [['operator', 'list', 'too much'], 2],
    [['operator', 'remove'], 2],
  ])('of %j is %i', async (argv, code) => {
    const result = await folder.run(...argv);
    expect(result.code).toBe(code);
    // Help that was asked for goes where it can be piped; complaints never do.
    expect(code === 0 ? result.stderr : result.stdout).toBe('');
  });

  it('names the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'));
    expect((await folder.run('--version')).stdout).toBe(`${version}\n`);
  });
});

describe('config-schema', () => {
  it('prints JSON, and is not in the help', async () => {
    const { stdout } = await folder.run('config-schema');
    expect(JSON.parse(stdout).properties.publicUrl.type).toBe('string');
    expect((await folder.run('--help')).stdout).not.toContain('config-schema');
  });
});

describe('token new', () => {
  it('prints a token, and lines that the configuration takes', async () => {
    const { code, stdout } = await folder.run('token', 'new', 'n8n', '--rights', 'stop');
    expect(code).toBe(0);
    const [, token = ''] = /^ {2}(pullcord_[\w-]{43})$/m.exec(stdout) ?? [];
    const { api } = parse(stdout.slice(stdout.indexOf('api:')));
    expect(configSchema.shape.api.parse(api).tokens).toEqual([
      { name: 'n8n', sha256: createHash('sha256').update(token).digest('hex'), rights: ['stop'] },
    ]);
  });

  it('makes another one each time, with the rights to stop and to look', async () => {
    const one = await folder.run('token', 'new', 'n8n');
    const two = await folder.run('token', 'new', 'n8n');
    expect(one.stdout).not.toBe(two.stdout);
    expect(one.stdout).toContain('rights: [stop, status]');
  });

  it.each([
    ['the right to restore', ['n8n', '--rights', 'stop,restore'], 'A token cannot restore'],
    ['an unknown right', ['n8n', '--rights', 'all'], 'one or more of: stop, status'],
    ['a bad name', ['N8N'], 'use a-z'],
  ])('refuses %s', async (_, argv, says) => {
    const result = await folder.run('token', 'new', ...argv);
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(says) });
  });
});
