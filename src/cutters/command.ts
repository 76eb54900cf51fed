import { spawn } from 'node:child_process';

export interface Command {
  /** The program and its arguments. No shell reads them. */
  readonly argv: readonly [string, ...string[]];
  /** All of its environment: ours holds secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds; then it is killed, and what it started in its process group with it. */
  readonly timeoutMs: number;
  /** How much of its output is kept. Bytes; it may write more. */
  readonly outputBytes: number;
}

export interface CommandResult {
  readonly ok: boolean;
  /** `exit 0`, `killed after 30000 ms`, `cannot be started (ENOENT)`. */
  readonly how: string;
  /** The beginning of what it wrote to stdout and stderr. */
  readonly output: string;
}

/** What it wrote just before its end is still on the way when it ends. Milliseconds. */
const LAST_WORDS_MS = 200;

/** Runs a program; never throws. Killed early when `cancel` is aborted. */
export function runCommand(
  { argv, env, timeoutMs, outputBytes }: Command,
  cancel: AbortSignal,
): Promise<CommandResult> {
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    // Its own process group, so that what it started can be killed with it.
    const child = spawn(program, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = Buffer.alloc(0);
    let killed: string | undefined;
    let lastWords: NodeJS.Timeout | undefined;

    const kill = (why: string): void => {
      killed ??= why;
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended in this moment.
      }
    };
    const cancelled = (): void => kill('cancelled');
    const timer = setTimeout(() => kill(`killed after ${timeoutMs} ms`), timeoutMs);
    cancel.addEventListener('abort', cancelled, { once: true });
    if (cancel.aborted) cancelled();

    const end = (ok: boolean, how: string): void => {
      clearTimeout(timer);
      clearTimeout(lastWords);
      cancel.removeEventListener('abort', cancelled);
      // A grandchild may hold the other ends open for ever.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ ok: ok && killed === undefined, how: killed ?? how, output: output.toString('utf8') });
    };
    const collect = (chunk: Buffer): void => {
      if (output.length < outputBytes) output = Buffer.concat([output, chunk]).subarray(0, outputBytes);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error: NodeJS.ErrnoException) => end(false, `cannot be started (${error.code ?? error.name})`));
    child.on('exit', (code, signal) => {
      const finish = (): void => end(code === 0, code === null ? `ended by ${signal}` : `exit ${code}`);
      lastWords = setTimeout(finish, LAST_WORDS_MS);
      child.on('close', finish);
    });
  });
}
