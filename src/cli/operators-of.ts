import { deriveKeys, type Keys, parseMasterKey } from '../config/secrets';
import { type OperatorsFile, openOperatorsFile, operatorsPath } from '../operators/file';
import { OperatorsFileBroken } from '../operators/format';
import { FileBusy } from '../operators/replace-file';
import { type Cli, Failure } from './cli';

/** The operators' file for a command: whatever can't be read or written ends it, and the file is left as it is. */
export interface OperatorsForCommand extends Pick<OperatorsFile, 'read' | 'change'> {
  readonly keys: Keys;
}

/** @throws ConfigError */
export function operatorsOf(cli: Cli): OperatorsForCommand {
  const config = cli.config();
  const keys = deriveKeys(parseMasterKey(config.key));
  const path = operatorsPath(config);
  const file = openOperatorsFile({ path, keys, now: cli.now, onTrouble: cli.warn });
  return {
    keys,
    read: () => orFailure(path, () => file.read()),
    change: (next) => orFailure(path, () => file.change(next)),
  };
}

function orFailure<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const ofFile = error instanceof OperatorsFileBroken || error instanceof FileBusy;
    const ofSystem = (error as NodeJS.ErrnoException).syscall !== undefined;
    if (!ofFile && !ofSystem) throw error;
    throw new Failure(`${path} cannot be used, and was left as it is: ${(error as Error).message}`, 2);
  }
}
