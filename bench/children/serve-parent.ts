import { rmSync } from 'node:fs';
import { type Contract, FOLDER, type FromChild, type FromParent } from './child';

export interface Served<C extends Contract> {
  readonly ready: C['ready'];
  readonly calls: C['calls'];
  close(): Promise<void>;
}

/** The child's side: starts when the parent says so, answers its calls, and ends with it. */
export function serveParent<C extends Contract>(start: (options: C['options']) => Promise<Served<C>>): void {
  const tell = (message: FromChild): void => void process.send?.(message);
  const inWords = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
  let served: Served<C> | undefined;

  async function answer(message: FromParent): Promise<void> {
    if (message.kind === 'close') {
      await served?.close();
      process.exit(0);
    }
    if (message.kind === 'start') {
      served = await start(message.options as C['options']);
      return tell({ kind: 'ready', ready: served.ready });
    }
    const call = served?.calls[message.name];
    if (!call) throw new Error(`there is no call ${message.name}`);
    tell({ kind: 'answer', id: message.id, value: await call(message.input as never) });
  }

  process.on('message', (message: FromParent) => {
    answer(message).catch((error) =>
      tell({ kind: 'failed', message: inWords(error), ...(message.kind === 'call' ? { id: message.id } : {}) }),
    );
  });
  // Ctrl-C reaches the whole group: the parent decides what becomes of it.
  process.on('SIGINT', () => undefined);
  // Killed, it could not clear up after itself.
  process.on('disconnect', () => {
    const folder = process.env[FOLDER];
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    process.exit(1);
  });
}
