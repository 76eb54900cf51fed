import { setTimeout as sleep } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { DELAY_MS, type FaultName, type FaultProxy, Switch } from './fault';

/** What an embedded database can do to its program: there is no wire that could break. */
export const EMBEDDED_FAULTS = ['delay', 'error', 'hang', 'late write'] as const satisfies readonly FaultName[];

const METHODS = ['query', 'exec', 'transaction'] as const;
type Method = (...parameters: unknown[]) => Promise<unknown>;

const prototype = PGlite.prototype as unknown as Record<string, Method>;
const originals = METHODS.map((name) => [name, prototype[name] as Method] as const);
const standing = new Map<string, Switch>();

/**
 * The embedded ledger in one folder, between the program and PGlite's own methods: as when another statement holds it
 * up, or its disk is full. Everything else in this process that uses PGlite is left alone.
 */
export function standBeforePglite(dataDir: string): FaultProxy {
  const faults = new Switch();
  standing.set(dataDir, faults);
  for (const [name, original] of originals)
    prototype[name] = function (this: PGlite, ...parameters) {
      return carriedOut(this, parameters, () => original.apply(this, parameters));
    };
  return {
    fault: async (name, from) => faults.set(name, from),
    lift: async () => faults.end(),
    hits: () => faults.hits(),
    close: async () => {
      faults.end();
      standing.delete(dataDir);
      if (standing.size === 0) for (const [name, original] of originals) prototype[name] = original;
    },
  };
}

async function carriedOut(
  { dataDir = '' }: PGlite,
  [statement]: unknown[],
  carryOut: () => Promise<unknown>,
): Promise<unknown> {
  const [, faults] = [...standing].find(([folder]) => dataDir.startsWith(folder)) ?? [];
  const fault = faults?.met(() => String(statement));
  switch (fault?.name) {
    case 'error':
      throw new Error('could not extend file: No space left on device');
    case 'hang':
      await fault.over;
      throw new Error('the statement was cancelled');
    case 'delay':
      await sleep(DELAY_MS);
      break;
    case 'late write':
      await fault.over;
      break;
  }
  return carryOut();
}
