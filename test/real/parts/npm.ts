import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';

export interface NpmRun {
  readonly cwd: string;
  /** Folders before the others of PATH. */
  readonly path?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What npm itself, and jest, tell their children: a project of its own is not told of this one. */
const OURS = /^(npm_(package|lifecycle|config_local|config_global)|NODE_ENV$|NODE_OPTIONS$|INIT_CWD$|JEST_)/i;
const OUTPUT_KEPT = 16_000;
const OUTPUT_AT_MOST = 64 * 1024 * 1024;

/**
 * Runs a program, most often npm, in a project of its own.
 * @returns what it printed.
 * @throws Error with the end of what it printed, when it exits with anything but 0.
 */
export function runIn({ cwd, path = [], env = {} }: NpmRun, program: string, ...args: string[]): Promise<string> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));
  const options = {
    ...{ cwd, maxBuffer: OUTPUT_AT_MOST },
    env: { ...clean, ...env, PATH: [...path, process.env.PATH].join(delimiter) },
  };
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else
        reject(new Error(`${[program, ...args].join(' ')}: ${error.message.split('\n')[0]}\n${tail(stdout, stderr)}`));
    });
  });
}

const tail = (...outputs: string[]): string => outputs.join('\n').trim().slice(-OUTPUT_KEPT);
