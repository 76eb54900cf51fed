#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/fault';
import { readConfig } from '../config/read';
import { version } from '../version';
import { registerCheck } from './check';
import { type Cli, type ExitCode, Failure, type Io, type Register } from './cli';
import { registerConfigSchema } from './config-schema';
import { registerDrill } from './drill';
import { registerFallback } from './fallback';
import { registerIncident } from './incident';
import { registerLedger } from './ledger';
import { registerOperator } from './operator';
import { registerRestore } from './restore';
import { registerServe } from './serve';
import { registerSever } from './sever';
import { registerStatus } from './status';
import { registerToken } from './token';
import { registerTripwire } from './tripwire';
import { registerWhy } from './why';

/**
 * The program `pullcord`. A command is a file of its own that exports a `Register`, and one line here:
 *
 * ```ts
 * export const registerStatus: Register = ({ program, say, config }) => {
 *   program
 *     .command('status')
 *     .description('say how every scope stands')
 *     .option('--json', 'print JSON')
 *     .action(async (options: { json?: boolean }) => {
 *       const { listen } = config();
 *       if (trouble) throw new Failure('what happened, and what to do', 1);
 *       say('what was asked for');
 *     });
 * };
 * ```
 *
 * An action that returns is exit code 0. `Failure` carries 1 (bad news) or 2 (wrong use); `ConfigError` is 2. Commands
 * never call process.exit and never touch process.stdin, stdout or env: they take them from `Cli`.
 */
const commands: readonly Register[] = [
  registerServe,
  registerCheck,
  registerSever,
  registerRestore,
  registerStatus,
  registerWhy,
  registerDrill,
  registerFallback,
  registerIncident,
  registerLedger,
  registerOperator,
  registerToken,
  registerTripwire,
  registerConfigSchema,
];

/**
 * Runs one command line. Never throws.
 * @param argv without the program's own name.
 */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  const cli = makeCli(io);
  for (const register of commands) register(cli);
  try {
    await cli.program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has printed its own message already. Help that was asked for is good, help for want of a command isn't.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    cli.warn(error instanceof Error ? error.message : String(error));
    if (error instanceof Failure) return error.exitCode;
    return error instanceof ConfigError ? 2 : 1;
  }
}

function makeCli(io: Io): Cli {
  const program = new Command('pullcord');
  const say = (line = ''): void => void io.stdout.write(`${line}\n`);
  const warn = (line: string): void => void io.stderr.write(`${line}\n`);
  program
    .description("The emergency pull-cord of an AI agent's network.")
    .version(version())
    .option('-c, --config <file>', 'the configuration; left out: PULLCORD_CONFIG, or pullcord.yaml')
    .showHelpAfterError('(add --help for more)')
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .exitOverride();
  const config: Cli['config'] = () => {
    const read = readConfig({ path: program.opts<{ config?: string }>().config, env: io.env });
    for (const warning of read.warnings) warn(`warning: ${warning}`);
    return read.config;
  };
  return { now: Date.now, ...io, program, say, warn, config };
}

if (require.main === module) {
  const { argv, env, stdin, stdout, stderr } = process;
  void run(argv.slice(2), { env, stdin, stdout, stderr }).then((code) => {
    process.exitCode = code;
  });
}
