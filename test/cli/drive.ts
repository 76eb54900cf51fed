import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from '../../src/cli';
import { minimalEnv, minimalYaml } from '../config/minimal';
import { until } from '../support/until';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line that is running: what it has said so far, and its keyboard. */
export interface Running {
  readonly stdin: PassThrough;
  stdout(): string;
  stderr(): string;
  /** Waits until this was said on stdout. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  readonly done: Promise<Result>;
}

/** A folder with a minimal configuration, in which command lines are run without a process of their own. */
export class CliFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'pullcord-cli-'));
  readonly config = join(this.path, 'pullcord.yaml');
  now = 1_700_000_000_000;

  constructor() {
    writeFileSync(this.config, minimalYaml);
  }

  start(...argv: readonly string[]): Running {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const text = { stdout: '', stderr: '' };
    stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
    stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
    const env = { ...minimalEnv, PULLCORD_CONFIG: this.config };
    const done = run(argv, { env, stdin, stdout, stderr, now: () => this.now }).then((code) => ({ code, ...text }));
    return {
      stdin,
      stdout: () => text.stdout,
      stderr: () => text.stderr,
      said: (pattern) => until(() => pattern.exec(text.stdout)),
      done,
    };
  }

  /** Runs one to its end, with an empty keyboard. */
  run(...argv: readonly string[]): Promise<Result> {
    const running = this.start(...argv);
    running.stdin.end();
    return running.done;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
