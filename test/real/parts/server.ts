import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../support/until';

/** A real server: fresh, on a free port, with its data in a folder of its own. It ends when this process ends. */
export interface Server {
  readonly url: string;
  /** Starts it again, with the data that it had. */
  start(): Promise<void>;
  /** Asks it to end, and waits. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP to it and its children: it holds its connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** Kills it and deletes its data. */
  remove(): Promise<void>;
}

export interface Recipe {
  readonly url: string;
  readonly dataDir: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly stopSignal: NodeJS.Signals;
  /** The whole environment, in place of this process's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default 20 s. Milliseconds. */
  readonly startWithinMs?: number;
  /** Throws until the server answers. It is given what the server has printed since it was started. */
  readonly ready: (output: string) => Promise<void>;
}

/** How much of what a server prints is kept. Characters. */
const OUTPUT_KEPT = 20_000;

/** The user that servers run as: Postgres refuses to be root. */
const user = process.getuid?.() === 0 ? nobody() : undefined;

export async function startServer(recipe: Recipe): Promise<Server> {
  let child: ChildProcess | undefined;
  let output = '';
  const family = (): number[] => (child?.pid === undefined ? [] : [child.pid, ...childrenOf(child.pid)]);
  const signal = (name: NodeJS.Signals): void => family().forEach((pid) => trySignal(pid, name));
  const ended = async (): Promise<void> => {
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    child = undefined;
  };
  const onExit = (): void => {
    signal('SIGKILL');
    rmSync(recipe.dataDir, { recursive: true, force: true });
  };
  process.on('exit', onExit);

  const server: Server = {
    url: recipe.url,
    async start() {
      const [program, ...args] = asUser(recipe.command);
      const started = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(recipe.env ? { env: recipe.env, cwd: recipe.dataDir } : {}),
      });
      child = started;
      output = '';
      for (const stream of [started.stdout, started.stderr])
        stream.on('data', (chunk) => {
          output = (output + chunk).slice(-OUTPUT_KEPT);
        });
      try {
        await until(async () => {
          if (started.exitCode !== null) throw new Error(`${program} ended at once`);
          return recipe.ready(output).then(
            () => true,
            () => false,
          );
        }, recipe.startWithinMs ?? 20_000);
      } catch (error) {
        // Nobody has it yet, to end it.
        await server.kill();
        throw new Error(`${recipe.command[0]} did not start: ${(error as Error).message}\n${output}`);
      }
    },
    async stop() {
      if (child?.pid !== undefined) trySignal(child.pid, recipe.stopSignal);
      await ended();
    },
    async kill() {
      signal('SIGKILL');
      await ended();
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    async remove() {
      await server.kill();
      process.removeListener('exit', onExit);
      rmSync(recipe.dataDir, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** The command as the unprivileged user, and so that the kernel kills it when this process is gone, however it went. */
export function asUser([program, ...args]: readonly [string, ...string[]]): [string, ...string[]] {
  const identity = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : [];
  return ['setpriv', ...identity, '--pdeathsig=KILL', program, ...args];
}

/** A new folder that the server may write. */
export function dataFolder(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `pullcord-${name}-`));
  if (user) chownSync(dir, user.uid, user.gid);
  return dir;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A free one that nobody is given by chance while its server is away: below those that Linux hands out by itself. */
export async function steadyPort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(10_000, 30_000);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
  throw new Error('no port below 30000 is free');
}

function nobody(): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8').match(/^nobody:[^:]*:(\d+):(\d+):/m);
  if (!line) throw new Error('no unprivileged user: nobody is not in /etc/passwd');
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number) : [];
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}
