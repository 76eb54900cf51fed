import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What a child answers to, by name: one JSON value in, one out. */
export type Calls = Readonly<Record<string, (input: never) => unknown>>;

/** What a child's module exports as a type, for its parent. */
export interface Contract {
  readonly options: unknown;
  /** What it tells when it is up. */
  readonly ready: unknown;
  readonly calls: Calls;
}

export interface Child<C extends Contract> {
  readonly ready: C['ready'];
  call<N extends keyof C['calls'] & string>(
    name: N,
    ...input: Parameters<C['calls'][N]>
  ): Promise<Awaited<ReturnType<C['calls'][N]>>>;
  /** Ends it in good order. */
  close(): Promise<void>;
}

export type FromParent =
  | { readonly kind: 'start'; readonly options: unknown }
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly kind: 'close' };

export type FromChild =
  | { readonly kind: 'ready'; readonly ready: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id?: number; readonly message: string };

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** The variable that names the folder which goes with the parent. */
export const FOLDER = 'PULLCORD_BENCH_FOLDER';

const START = -1;
const children = new Set<ChildProcess>();

/** At once, and without leave: for the end of this process. */
export function killChildren(): void {
  for (const child of children) child.kill('SIGKILL');
}

/**
 * Starts a module of this folder as a process of its own, which ends with this one however this one ends.
 * @param cpuProfiles a folder for its profile.
 * @throws Error when the child fails or ends before it was asked to, here and in every call that waits.
 */
export async function startChild<C extends Contract>(
  module: string,
  options: C['options'],
  cpuProfiles?: string,
): Promise<Child<C>> {
  const process = fork(join(__dirname, `${module}.js`), {
    execArgv: cpuProfiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', cpuProfiles],
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  children.add(process);
  const waiting = new Map<number, Waiting>();
  let calls = 0;

  const take = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    return found;
  };
  process.on('message', (message: FromChild) => {
    if (message.kind === 'ready') take(START)?.resolve(message.ready as never);
    else if (message.kind === 'answer') take(message.id)?.resolve(message.value as never);
    else take(message.id ?? START)?.reject(new Error(`${module}: ${message.message}`));
  });
  const ended = once(process, 'exit').then(([code, signal]) => {
    children.delete(process);
    for (const { reject } of waiting.values()) reject(new Error(`${module} ended by itself: ${signal ?? code}`));
    waiting.clear();
  });
  const ask = <T>(id: number, message: FromParent): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      process.send(message, (error) => {
        if (error) take(id)?.reject(error);
      });
    });

  const ready = await ask<C['ready']>(START, { kind: 'start', options });
  return {
    ready,
    call: (name, ...[input]) => ask(calls, { kind: 'call', id: calls++, name, input }),
    close: async () => {
      if (process.connected) process.send({ kind: 'close' } satisfies FromParent);
      await ended;
    },
  };
}
