import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PROGRAM = join(__dirname, '../../../dist/cli/index.js');

/** The program itself, as a process of its own. */
export interface Program {
  readonly publicUrl: string;
  readonly internalUrl: string;
  readonly pid: number;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Sends the signal and waits for the end. @returns the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `pullcord serve` from `dist` and waits until it serves. */
export async function startProgram(env: Readonly<Record<string, string>>): Promise<Program> {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, 'serve'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Record<string, unknown>[] = [];
  let errors = '';
  let rest = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const serving = new Promise<Record<string, unknown>>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const line = JSON.parse(part) as Record<string, unknown>;
        lines.push(line);
        if (line.msg === 'pullcord serves') resolve(line);
      }
    });
    child.once('exit', (code) =>
      reject(new Error(`the program ended with ${code}: ${errors} ${JSON.stringify(lines)}`)),
    );
  });
  const onExit = (): void => void child.kill('SIGKILL');
  process.on('exit', onExit);
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    process.removeListener('exit', onExit);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  };
  const line = await serving;
  return {
    publicUrl: String(line.public),
    internalUrl: String(line.internal),
    pid: Number(child.pid),
    lines,
    kill: async (signal) => {
      await end(signal);
    },
    end,
  };
}
