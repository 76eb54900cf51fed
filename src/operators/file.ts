import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import type { Keys } from '../config/secrets';
import { findBackupCode } from './backup-codes';
import { formatOperators, parseOperators } from './format';
import type { Operator, Operators } from './operator';
import { replaceFile } from './replace-file';

/**
 * The operators' file: re-read when it changed, written as a whole or not at all.
 *
 * As `Operators` it fails towards what was known: a file that breaks while we run leaves the last good operators in
 * office, and says so; authority must not vanish by a slip of the pen. `change` fails towards "nothing written": a
 * broken file is never overwritten.
 */

const STAT_EVERY_MS = 1000;
const MISSING = 'missing';

export interface OperatorsFileOptions {
  readonly path: string;
  readonly keys: Pick<Keys, 'operators' | 'backupCodes'>;
  readonly now: Clock;
  /** Told once for each trouble with the file, without a secret in it. */
  readonly onTrouble: (message: string) => void;
}

export interface OperatorsFile extends Operators {
  /**
   * Reads the file afresh, whole or not at all; a missing file holds no operators.
   * @throws OperatorsFileBroken
   * @throws the file system's error
   */
  read(): readonly Operator[];
  /**
   * Reads the file afresh, lets `change` make the new list, and writes that. What `change` throws, leaves the file alone.
   * @returns the new list
   * @throws OperatorsFileBroken, FileBusy
   * @throws the file system's error
   */
  change(change: (operators: readonly Operator[]) => readonly Operator[]): readonly Operator[];
}

/** Where the operators are kept. */
export function operatorsPath(config: Pick<Config, 'operatorsFile' | 'dataDir'>): string {
  return config.operatorsFile ?? join(config.dataDir, 'operators.json');
}

/** A missing file is no trouble at first: nobody was added yet. */
export function openOperatorsFile({ path, keys, now, onTrouble }: OperatorsFileOptions): OperatorsFile {
  let operators: readonly Operator[] = [];
  /** What the file looked like when it was last read; undefined makes the next look read it. */
  let seen: string | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let told: string | undefined;

  const current = (): readonly Operator[] => {
    const at = now();
    // Also when the clock went back: a look too many costs nothing.
    if (at - lookedAt < STAT_EVERY_MS && at >= lookedAt) return operators;
    lookedAt = at;
    try {
      const looks = fingerprint(path);
      if (looks === seen) return operators;
      const before = operators;
      operators = looks === MISSING ? [] : read();
      seen = looks;
      if (looks === MISSING && before.length > 0) tell(`${path} is gone: there are no operators any more.`);
      else told = undefined;
    } catch (error) {
      seen = undefined;
      tell(
        `${path} cannot be used: ${describe(error)}. Mend it; until then ` +
          (operators.length > 0 ? 'the operators that were read before stay.' : 'there are no operators.'),
      );
    }
    return operators;
  };

  const read = (): readonly Operator[] => {
    const text = readIfThere(path);
    return text === undefined ? [] : parseOperators(text, keys);
  };

  const tell = (message: string): void => {
    if (message !== told) onTrouble(message);
    told = message;
  };

  return {
    read,
    all: () => current(),
    byName: (name) => current().find((operator) => operator.name === name),
    byPhone: (phone) => current().find((operator) => operator.phones.includes(phone)),
    byBackupCode: (digits) => findBackupCode(current(), keys.backupCodes, digits),
    change: (change) => {
      let changed: readonly Operator[] = [];
      replaceFile(path, () => {
        changed = change(read());
        return formatOperators(changed, keys);
      });
      lookedAt = Number.NEGATIVE_INFINITY;
      return changed;
    },
  };
}

/** Changes whenever the file does, and when it goes or comes. */
function fingerprint(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join() : MISSING;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The file system's word for it, or our own. */
function describe(error: unknown): string {
  return codeOf(error) ?? (error instanceof Error ? error.message : String(error));
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;
