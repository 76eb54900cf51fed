import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateSync } from 'otplib';
import { renderUnicodeCompact } from 'uqr';
import { deriveKeys, parseMasterKey } from '../../src/config/secrets';
import { openOperatorsFile } from '../../src/operators/file';
import { minimalEnv } from '../config/minimal';
import { CliFolder, type Result, type Running } from './drive';

let folder: CliFolder;
beforeEach(() => {
  folder = new CliFolder();
});
afterEach(() => folder.remove());

const people = () => join(folder.path, 'data/operators.json');
const keys = deriveKeys(parseMasterKey(minimalEnv.PULLCORD_KEY ?? ''));
const read = () =>
  openOperatorsFile({ path: people(), keys, now: () => 0, onTrouble: (message) => expect(message).toBe('none') });

/** The secret that a person would type in by hand. */
async function secretOf(running: Running): Promise<string> {
  const [, shown = ''] = await running.said(/by hand \([^)]*\): ((?:[A-Z2-7]{4} ?)+)\n[\s\S]*now: $/);
  return shown.replaceAll(' ', '');
}
const code = (secret: string, offsetSeconds = 0): string =>
  generateSync({ secret, epoch: folder.now / 1000 + offsetSeconds });

async function add(name: string, ...rest: readonly string[]): Promise<Result & { secret: string }> {
  const running = folder.start('operator', 'add', name, ...rest);
  const secret = await secretOf(running);
  running.stdin.end(`${code(secret)}\n`);
  return { ...(await running.done), secret };
}
const printedCodes = ({ stdout }: Result): string[] => stdout.match(/\d{4} \d{4} \d{4}$/gm) ?? [];

describe('operator add', () => {
  it('writes a person whose app was seen to make right codes, and prints backup codes that count', async () => {
    const result = await add('alice', '--phone', '+15550100001', '--phone', '+15550100002');
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('alice may now stop, restore, status from +15550100001, +15550100002.');
    const uri = `otpauth://totp/Pullcord:alice?secret=${result.secret}&issuer=Pullcord`;
    expect(result.stdout).toContain(renderUnicodeCompact(uri, { border: 2 }));
    const operator = read().byPhone('+15550100002');
    expect(operator).toMatchObject({ name: 'alice', totpSecret: result.secret, rights: ['stop', 'restore', 'status'] });
    expect(printedCodes(result)).toHaveLength(10);
    for (const printed of printedCodes(result))
      expect(read().byBackupCode(printed.replaceAll(' ', ''))?.operator.name).toBe('alice');
    expect(readFileSync(people(), 'utf8')).not.toContain(result.secret);
  });

  it('writes nothing before the code was right', async () => {
    const running = folder.start('operator', 'add', 'alice', '--phone', '+15550100001');
    const secret = await secretOf(running);
    expect(existsSync(people())).toBe(false);
    running.stdin.write(`${code(secret, 86_400)}\n`);
    await running.said(/now: [\s\S]*now: $/);
    expect(existsSync(people())).toBe(false);
    running.stdin.end(`${code(secret).replace(/^.../, '$& ')}\n`);
    expect((await running.done).code).toBe(0);
    expect(read().all()).toHaveLength(1);
  });

  it.each([
    ['three wrong codes', 'x\n\n123\n', '3 wrong codes. Nothing was written'],
    ['no more input', 'x\n', 'The input ended before a right code. Nothing was written.'],
    ['no input', '', 'The input ended before a right code. Nothing was written.'],
  ])('gives up after %s', async (_, input, says) => {
    const running = folder.start('operator', 'add', 'alice', '--phone', '+15550100001');
    running.stdin.end(input);
    const result = await running.done;
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining(says) });
    expect(printedCodes(result)).toEqual([]);
    expect(existsSync(people())).toBe(false);
  });

  it('tells a wrong clock from a wrong code', async () => {
    const running = folder.start('operator', 'add', 'alice', '--phone', '+15550100001');
    running.stdin.end(`${code(await secretOf(running), 300)}\n`);
    expect((await running.done).stderr).toContain("The app's clock is about 300 s ahead of this machine's");
  });

  it('takes the rights that it is told; without stop there are no backup codes', async () => {
    const result = await add('watcher', '--phone', '+15550100001', '--rights', 'status');
    expect(result.code).toBe(0);
    expect(printedCodes(result)).toEqual([]);
    expect(read().all()).toMatchObject([{ rights: ['status'], backupCodes: [] }]);
    expect(await folder.run('operator', 'codes', 'watcher')).toMatchObject({ code: 2 });
  });

  it.each([
    ['a name that is taken', ['alice', '--phone', '+15550100007'], 'alice is an operator already'],
    [
      'the name of what is nobody',
      ['tripwire', '--phone', '+15550100007'],
      'tripwire stands in the ledger for the tripwire',
    ],
    ['the name of who drills', ['drill', '--phone', '+15550100007'], 'drill stands in the ledger for the drill'],
    ['a number that is taken', ['bob', '--phone', '+15550100001'], '+15550100001 belongs to alice already'],
    ['a bad name', ['Alice Smith', '--phone', '+15550100007'], 'use a-z'],
    ['a bad number', ['bob', '--phone', '0155'], 'write the number as E.164'],
    [
      'a bad right',
      ['bob', '--phone', '+15550100007', '--rights', 'stop,root'],
      'one or more of: stop, restore, status',
    ],
    ['no number', ['bob'], "required option '--phone <number>' not specified"],
    ['no name', ['--phone', '+15550100007'], "missing required argument 'name'"],
  ])('refuses %s, before it shows a secret', async (_, argv, says) => {
    await add('alice', '--phone', '+15550100001');
    const before = readFileSync(people(), 'utf8');
    const result = await folder.run('operator', 'add', ...argv);
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(says) });
    expect(readFileSync(people(), 'utf8')).toBe(before);
  });

  it('refuses a name that another command took while we waited for the code', async () => {
    const slow = folder.start('operator', 'add', 'alice', '--phone', '+15550100001');
    const secret = await secretOf(slow);
    await add('alice', '--phone', '+15550100002');
    slow.stdin.end(`${code(secret)}\n`);
    const result = await slow.done;
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('alice is an operator already') });
    expect(printedCodes(result)).toEqual([]);
    expect(read().all()).toMatchObject([{ phones: ['+15550100002'] }]);
  });
});

describe('operator list', () => {
  it('says how to begin when there is nobody', async () => {
    expect(await folder.run('operator', 'list')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('pullcord operator add'),
    });
    expect((await folder.run('operator', 'list', '--json')).stdout).toBe('[]\n');
  });

  it('shows everybody, and no secret', async () => {
    const { secret } = await add('alice', '--phone', '+15550100001');
    await add('bob', '--phone', '+15550100002', '--rights', 'stop');
    const plain = await folder.run('operator', 'list');
    expect(plain.stdout).toBe(
      'alice: stop, restore, status; +15550100001; 10 backup codes\nbob: stop; +15550100002; 10 backup codes\n',
    );
    const json = await folder.run('operator', 'list', '--json');
    expect(JSON.parse(json.stdout)).toEqual([
      { name: 'alice', phones: ['+15550100001'], rights: ['stop', 'restore', 'status'], backupCodes: 10 },
      { name: 'bob', phones: ['+15550100002'], rights: ['stop'], backupCodes: 10 },
    ]);
    const macs = read()
      .all()
      .flatMap(({ backupCodes }) => backupCodes.map(({ mac }) => mac));
    for (const hidden of [secret, ...macs]) expect(plain.stdout + json.stdout).not.toContain(hidden);
  });
});

describe('operator remove', () => {
  it('takes a person out, and warns when nobody is left', async () => {
    await add('alice', '--phone', '+15550100001');
    await add('bob', '--phone', '+15550100002', '--rights', 'stop');
    expect(await folder.run('operator', 'remove', 'bob')).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('Nobody'),
    });
    expect(read().byPhone('+15550100002')).toBeUndefined();
    const last = await folder.run('operator', 'remove', 'alice');
    expect(last.stderr).toContain('Nobody is left who may stop by text message');
    expect(last.stderr).toContain('Nobody is left who may restore');
    expect(read().all()).toEqual([]);
  });

  it('refuses a name that is nobody', async () => {
    const result = await folder.run('operator', 'remove', 'eve');
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no operator eve') });
    expect(existsSync(people())).toBe(false);
  });
});

describe('operator codes', () => {
  it('prints new codes and voids the old ones', async () => {
    const before = await add('alice', '--phone', '+15550100001');
    const after = await folder.run('operator', 'codes', 'alice');
    expect(after.code).toBe(0);
    const found = (printed: string) => read().byBackupCode(printed.replaceAll(' ', ''))?.operator.name;
    expect(printedCodes(after).map(found)).toEqual(Array(10).fill('alice'));
    expect(printedCodes(before).map(found)).toEqual(Array(10).fill(undefined));
    expect(read().byName('alice')?.totpSecret).toBe(before.secret);
  });
});

describe('operator phone', () => {
  it('adds and removes a number', async () => {
    await add('alice', '--phone', '+15550100001');
    expect(await folder.run('operator', 'phone', 'add', 'alice', '+15550100002')).toMatchObject({ code: 0 });
    expect(read().byPhone('+15550100002')?.name).toBe('alice');
    expect(await folder.run('operator', 'phone', 'remove', 'alice', '+15550100001')).toMatchObject({ code: 0 });
    expect(read().byPhone('+15550100001')).toBeUndefined();
  });

  it.each([
    ['to add a number of hers', ['add', 'alice', '+15550100001'], 'belongs to alice already'],
    ["to add another's number", ['add', 'bob', '+15550100001'], 'belongs to alice already'],
    ['to add to nobody', ['add', 'eve', '+15550100008'], 'There is no operator eve'],
    ['to add what is no number', ['add', 'alice', '5550100001'], 'write the number as E.164'],
    ['to remove the only number', ['remove', 'alice', '+15550100001'], 'is the only number of alice'],
    ["to remove another's number", ['remove', 'bob', '+15550100001'], 'bob has no number +15550100001'],
  ])('refuses %s', async (_, argv, says) => {
    await add('alice', '--phone', '+15550100001');
    await add('bob', '--phone', '+15550100002');
    const before = readFileSync(people(), 'utf8');
    expect(await folder.run('operator', 'phone', ...argv)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(says),
    });
    expect(readFileSync(people(), 'utf8')).toBe(before);
  });
});

describe('a bad day', () => {
  it('tells all faults of the configuration', async () => {
    writeFileSync(folder.config, 'publicUrl: x\nscopes: {}\n');
    const result = await folder.run('operator', 'list');
    expect(result.code).toBe(2);
    for (const path of ['publicUrl: ', 'gateways: missing', 'scopes: name at least one scope'])
      expect(result.stderr).toContain(`\n  ${path}`);
  });

  it('says where a configuration that is missing was looked for', async () => {
    rmSync(folder.config);
    expect(await folder.run('operator', 'list')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${folder.config} has a fault`),
    });
    expect(await folder.run('--config', '/nowhere.yaml', 'operator', 'list')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('/nowhere.yaml has a fault'),
    });
  });

  it.each([
    ['list', ['list']],
    ['add', ['add', 'bob', '--phone', '+15550100002']],
    ['remove', ['remove', 'alice']],
  ])('leaves a broken file as it is: %s', async (_, argv) => {
    await add('alice', '--phone', '+15550100001');
    writeFileSync(people(), 'not JSON');
    const result = await folder.run('operator', ...argv);
    expect(result).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(`${people()} cannot be used, and was left as it is: it is not JSON`),
    });
    expect(readFileSync(people(), 'utf8')).toBe('not JSON');
  });

  it('says what the file system says', async () => {
    writeFileSync(folder.config, `${readFileSync(folder.config, 'utf8')}operatorsFile: .\n`);
    expect(await folder.run('operator', 'list')).toMatchObject({ code: 2, stderr: expect.stringContaining('EISDIR') });
  });
});
