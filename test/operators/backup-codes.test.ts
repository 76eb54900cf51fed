import { backupCodeMac, findBackupCode, makeBackupCodes } from '../../src/operators/backup-codes';
import { alice, bob, keys } from './people';

const digitsOf = (printed: string): string => printed.replaceAll(' ', '');

describe('backup codes', () => {
  const made = makeBackupCodes(keys.backupCodes);
  const others = makeBackupCodes(keys.backupCodes);
  const people = [
    { ...alice, backupCodes: made.kept },
    { ...bob, backupCodes: others.kept },
  ];

  it('are ten, of twelve digits in three groups, none twice', () => {
    expect(made.printed).toHaveLength(10);
    for (const printed of made.printed) expect(printed).toMatch(/^\d{4} \d{4} \d{4}$/);
    expect(new Set(made.printed).size).toBe(10);
    expect(new Set([...made.kept, ...others.kept].map(({ id }) => id)).size).toBe(20);
  });

  it('are kept as MACs alone', () => {
    const kept = JSON.stringify(made.kept);
    for (const printed of made.printed) {
      expect(kept).not.toContain(printed);
      expect(kept).not.toContain(digitsOf(printed));
    }
  });

  it('are found with their owner, each under its own id', () => {
    made.printed.forEach((printed, i) => {
      const found = findBackupCode(people, keys.backupCodes, digitsOf(printed));
      expect(found?.operator.name).toBe('alice');
      expect(found?.id).toBe(made.kept[i]?.id);
    });
    expect(findBackupCode(people, keys.backupCodes, digitsOf(others.printed[9] ?? ''))?.operator.name).toBe('bob');
  });

  it.each(['', '000000000000', 'not digits'])('are not %j', (digits) => {
    expect(findBackupCode(people, keys.backupCodes, digits)).toBeUndefined();
  });

  it('are void under another key, and as their own MAC', () => {
    const [printed = ''] = made.printed;
    expect(findBackupCode(people, keys.operators, digitsOf(printed))).toBeUndefined();
    expect(
      findBackupCode(people, keys.backupCodes, backupCodeMac(keys.backupCodes, digitsOf(printed))),
    ).toBeUndefined();
  });

  it('with a MAC cut short are found by nobody', () => {
    const [printed = ''] = made.printed;
    const cut = [{ ...alice, backupCodes: made.kept.map((code) => ({ ...code, mac: code.mac.slice(0, 2) })) }];
    expect(findBackupCode(cut, keys.backupCodes, digitsOf(printed))).toBeUndefined();
  });
});
