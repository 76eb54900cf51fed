import { Server, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { addEventHandler } from 'jest-circus';

/**
 * For jest's `setupFilesAfterEnv`: a test file that leaves a socket, a server or a child process open fails, by name.
 *
 * It looks when the last `afterAll` has run. (An `afterAll` of its own would run first: jest runs them in the order in
 * which they were defined.) What was there before the file began is jest's own, or another file's fault.
 */

const WATCHED = /^(TCP|Pipe|UDP|Process|FSEvent|MessagePort)/;

/** A socket that was just closed needs a moment to go. Milliseconds. */
const PATIENCE_MS = 2_000;

// Made when they are first asked for, which may be in the middle of a test: pipes, where jest runs in several processes.
void [process.stdin, process.stdout, process.stderr];
const before = count(process.getActiveResourcesInfo());
const handlesBefore = new Set(handles());

addEventHandler(async (event, state) => {
  if (event.name !== 'run_finish') return;
  const end = performance.now() + PATIENCE_MS;
  while (leaked().length > 0 && performance.now() < end) await setTimeout(20);
  const kinds = leaked();
  if (kinds.length === 0) return;
  const names = handles()
    .filter((handle) => !handlesBefore.has(handle))
    .flatMap((handle) => describe(handle) ?? []);
  const error = new Error(`left open when the tests had ended: ${[...names, ...kinds].join(', ')}`);
  error.stack = error.message;
  state.unhandledErrors.push(error);
});

/** Kinds of which there are more than before, as often as there are. */
function leaked(): string[] {
  return [...count(process.getActiveResourcesInfo())].flatMap(([kind, now]) =>
    WATCHED.test(kind) ? Array<string>(Math.max(0, now - (before.get(kind) ?? 0))).fill(kind) : [],
  );
}

function count(kinds: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Node's undocumented list of handles, where it is there: only to give them a name. */
function handles(): object[] {
  const { _getActiveHandles: list } = process as unknown as { _getActiveHandles?: () => object[] };
  return list?.() ?? [];
}

function describe(handle: object): string | undefined {
  if (handle instanceof Server) return `server on ${where(handle.address())}`;
  if (handle instanceof Socket && handle.localPort !== undefined)
    return `socket ${handle.localAddress}:${handle.localPort} -> ${handle.remoteAddress}:${handle.remotePort}`;
  if ('spawnfile' in handle && 'pid' in handle) return `child process ${handle.pid} ${handle.spawnfile}`;
  return undefined;
}

const where = (address: ReturnType<Server['address']>): string =>
  address === null || typeof address === 'string' ? String(address) : `${address.address}:${address.port}`;
