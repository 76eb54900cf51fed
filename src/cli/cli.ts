import type { Command } from 'commander';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';

/** 0 good, 1 bad news, 2 wrong use or configuration. */
export type ExitCode = 0 | 1 | 2;

/** What the outside hands in; tests hand in their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly now?: Clock;
}

/** What every command works with. */
export interface Cli extends Required<Io> {
  readonly program: Command;
  /** One line on stdout: what the command was asked for. */
  say(line?: string): void;
  /** One line on stderr: what a person should know besides. */
  warn(line: string): void;
  /**
   * The configuration that `--config` names. Its warnings go to stderr.
   * @throws ConfigError which `run` prints
   */
  config(): Config;
}

/** Adds one command to the program. */
export type Register = (cli: Cli) => void;

/** Ends a command: the message goes to stderr, the code to the shell. */
export class Failure extends Error {
  override readonly name = 'Failure';
  constructor(
    message: string,
    readonly exitCode: Exclude<ExitCode, 0> = 1,
  ) {
    super(message);
  }
}
