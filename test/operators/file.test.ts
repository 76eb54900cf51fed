import { randomBytes } from 'node:crypto';
import {
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveKeys } from '../../src/config/secrets';
import { makeBackupCodes } from '../../src/operators/backup-codes';
import { type OperatorsFile, openOperatorsFile, operatorsPath } from '../../src/operators/file';
import { formatOperators, OperatorsFileBroken } from '../../src/operators/format';
import { FileBusy } from '../../src/operators/replace-file';
import { alice, bob, keys } from './people';

let folder: string;
let path: string;
let now: number;
let troubles: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-operators-'));
  path = join(folder, 'operators.json');
  now = 1_700_000_000_000;
  troubles = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const openFile = (withKeys = keys): OperatorsFile =>
  openOperatorsFile({ path, keys: withKeys, now: () => now, onTrouble: (message) => troubles.push(message) });
const later = (): void => {
  now += 1000;
};
const names = (file: OperatorsFile): string[] => file.all().map(({ name }) => name);

describe('the file', () => {
  it('may be missing: there are no operators, and no trouble', () => {
    expect(openFile().all()).toEqual([]);
    expect(troubles).toEqual([]);
  });

  it('gives back what was written, to another process too', () => {
    const codes = makeBackupCodes(keys.backupCodes);
    const carol = { ...alice, backupCodes: codes.kept };
    openFile().change(() => [carol, bob]);
    const file = openFile();
    expect(file.all()).toEqual([carol, bob]);
    expect(file.byName('bob')).toEqual(bob);
    expect(file.byName('eve')).toBeUndefined();
    expect(file.byPhone('+15550100002')?.name).toBe('alice');
    expect(file.byPhone('+15550100009')).toBeUndefined();
    expect(file.byBackupCode((codes.printed[3] ?? '').replaceAll(' ', ''))).toEqual({
      operator: carol,
      id: codes.kept[3]?.id,
    });
    expect(file.byBackupCode('000000000000')).toBeUndefined();
  });

  it('shows no secret and is for its owner alone', () => {
    openFile().change(() => [alice]);
    expect(readFileSync(path, 'utf8')).not.toContain(alice.totpSecret);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['operators.json']);
  });

  it('makes its folder, for its owner alone', () => {
    path = join(folder, 'new', 'operators.json');
    openFile().change(() => [alice]);
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
    expect(names(openFile())).toEqual(['alice']);
  });

  (process.getuid?.() === 0 ? it : it.skip)('stays with its owner, and a new one with the owner of the folder', () => {
    chownSync(folder, 12345, 12346);
    openFile().change(() => [alice]);
    expect(statSync(path)).toMatchObject({ uid: 12345, gid: 12346 });
    chownSync(path, 23456, 23457);
    openFile().change((all) => [...all, bob]);
    expect(statSync(path)).toMatchObject({ uid: 23456, gid: 23457 });
  });
});

describe('a change of the file', () => {
  it('is seen at once by whoever made it', () => {
    const file = openFile();
    expect(names(file)).toEqual([]);
    file.change(() => [alice]);
    expect(names(file)).toEqual(['alice']);
  });

  it('by another is seen within a second, and not looked for before', () => {
    const file = openFile();
    expect(names(file)).toEqual([]);
    openFile().change(() => [alice]);
    now += 999;
    expect(names(file)).toEqual([]);
    now += 1;
    expect(names(file)).toEqual(['alice']);
  });

  it('is seen when time and size are as before', () => {
    openFile().change(() => [alice]);
    const then = new Date(1_600_000_000_000);
    utimesSync(path, then, then);
    const file = openFile();
    expect(file.byPhone('+15550100002')?.name).toBe('alice');
    openFile().change(() => [{ ...alice, phones: ['+15550100001', '+15550100008'] }]);
    utimesSync(path, then, then);
    later();
    expect(file.byPhone('+15550100002')).toBeUndefined();
    expect(file.byPhone('+15550100008')?.name).toBe('alice');
  });

  it('is seen though the clock went back', () => {
    const file = openFile();
    expect(names(file)).toEqual([]);
    openFile().change(() => [alice]);
    now -= 86_400_000;
    expect(names(file)).toEqual(['alice']);
  });

  it('starts from what another has written meanwhile', () => {
    const file = openFile();
    expect(names(file)).toEqual([]);
    openFile().change(() => [alice]);
    file.change((all) => [...all, bob]);
    expect(names(file)).toEqual(['alice', 'bob']);
  });

  it('that fails leaves the file alone', () => {
    openFile().change(() => [alice]);
    const before = readFileSync(path, 'utf8');
    const slip = new Error('a slip');
    expect(() =>
      openFile().change(() => {
        throw slip;
      }),
    ).toThrow(slip);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(folder)).toEqual(['operators.json']);
  });

  it('waits for nobody who is writing, and says so', () => {
    openFile().change(() => [alice]);
    writeFileSync(`${path}.new`, '');
    expect(() => openFile().change(() => [])).toThrow(FileBusy);
    expect(names(openFile())).toEqual(['alice']);
    expect(readdirSync(folder)).toEqual(['operators.json', 'operators.json.new']);
  });

  it('is refused on top of a broken file', () => {
    writeFileSync(path, '{"version":1,');
    expect(() => openFile().change(() => [alice])).toThrow(OperatorsFileBroken);
    expect(readFileSync(path, 'utf8')).toBe('{"version":1,');
  });
});

describe('a broken file', () => {
  const sealed = JSON.parse(formatOperators([alice, bob], keys));
  const [sealedAlice, sealedBob] = sealed.operators;
  const withAlice = (change: object): string =>
    JSON.stringify({ ...sealed, operators: [{ ...sealedAlice, ...change }] });

  const broken: [name: string, text: string, says: string][] = [
    ['empty', '', 'it is not JSON'],
    ['half written', JSON.stringify(sealed).slice(0, 100), 'it is not JSON'],
    ['no map', '[]', 'the file: '],
    ['of another version', JSON.stringify({ ...sealed, version: 2 }), 'version: '],
    ['with an unknown field', withAlice({ admin: true }), 'operators.0: '],
    ['with a bad number', withAlice({ phones: ['0155'] }), 'operators.0.phones.0: '],
    ['with an unknown right', withAlice({ rights: ['root'] }), 'operators.0.rights.0: '],
    ['with a secret in plain text', withAlice({ totpSecret: alice.totpSecret }), 'the secret of alice does not open'],
    ['with a secret of another', withAlice({ totpSecret: sealedBob.totpSecret }), 'the secret of alice does not open'],
    ['with a name twice', JSON.stringify({ ...sealed, operators: [sealedAlice, sealedAlice] }), 'is there twice'],
    [
      'with a number of two',
      JSON.stringify({ ...sealed, operators: [sealedAlice, { ...sealedBob, phones: alice.phones }] }),
      'operators.1.phones.0: is there twice',
    ],
  ];

  it.each(broken)('%s leaves the last good operators in office, and is reported once', (_, text, says) => {
    const file = openFile();
    file.change(() => [alice]);
    expect(names(file)).toEqual(['alice']);
    writeFileSync(path, text);
    later();
    expect(names(file)).toEqual(['alice']);
    later();
    expect(names(file)).toEqual(['alice']);
    expect(troubles).toEqual([expect.stringContaining(says)]);
    expect(troubles[0]).not.toContain(alice.totpSecret);
  });

  it.each(broken)('%s from the start means no operators, and is reported', (_, text, says) => {
    writeFileSync(path, text);
    const file = openFile();
    expect(file.all()).toEqual([]);
    expect(troubles).toEqual([expect.stringContaining(says)]);
    expect(() => file.read()).toThrow(OperatorsFileBroken);
  });

  it('that is mended counts again, and may break again', () => {
    writeFileSync(path, 'x');
    const file = openFile();
    expect(names(file)).toEqual([]);
    expect(troubles).toHaveLength(1);
    writeFileSync(path, formatOperators([bob], keys));
    later();
    expect(names(file)).toEqual(['bob']);
    writeFileSync(path, 'x');
    later();
    expect(names(file)).toEqual(['bob']);
    expect(troubles).toHaveLength(2);
  });

  it('is one that was sealed with another key', () => {
    openFile().change(() => [alice]);
    const file = openFile(deriveKeys(randomBytes(32)));
    expect(file.all()).toEqual([]);
    expect(troubles).toEqual([expect.stringContaining('is this the key that it was made with?')]);
  });

  it('that is a folder is reported without hiding why', () => {
    path = folder;
    expect(openFile().all()).toEqual([]);
    expect(troubles).toEqual([expect.stringContaining('EISDIR')]);
  });
});

describe('a file that is taken away', () => {
  it('takes the operators with it, and is reported once', () => {
    const file = openFile();
    file.change(() => [alice]);
    expect(names(file)).toEqual(['alice']);
    rmSync(path);
    later();
    expect(file.all()).toEqual([]);
    later();
    expect(file.all()).toEqual([]);
    expect(troubles).toEqual([`${path} is gone: there are no operators any more.`]);
  });
});

describe('where it is', () => {
  it('is in the data folder, or where the configuration says', () => {
    expect(operatorsPath({ dataDir: '/var/lib/pullcord', operatorsFile: undefined })).toBe(
      '/var/lib/pullcord/operators.json',
    );
    expect(operatorsPath({ dataDir: '/var/lib/pullcord', operatorsFile: '/etc/people.json' })).toBe('/etc/people.json');
  });
});
