import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { OrderRequest } from '../orders/order';
import type { OperatorUse } from './store';

/** A stop that was carried out while the ledger did not answer. */
export interface SpooledStop {
  readonly request: OrderRequest;
  readonly by: string;
  readonly use?: OperatorUse;
  readonly backupCodeUsed?: string;
  /** Epoch, in milliseconds. */
  readonly at: number;
}

/** As much as it takes to carry it out; a line that can't be used must not keep the program from starting. */
const stopSchema = z.looseObject({
  request: z.looseObject({ key: z.string(), action: z.literal('sever'), scope: z.string(), correlation: z.string() }),
  by: z.string(),
  at: z.number(),
});

function readStop(line: string): SpooledStop {
  const stop: unknown = JSON.parse(line);
  stopSchema.parse(stop);
  return stop as SpooledStop;
}

/**
 * Where a STOP is kept while the ledger is away (law 4): a file of lines in the data folder, read again at start, so
 * that a scope which was cut without the ledger stays cut over a restart. It holds stops alone; nothing that releases
 * ever comes from here. A disk that refuses does not stop a stop: then it is kept in memory.
 */
export class Spool {
  private readonly path: string;
  private kept: SpooledStop[];

  constructor(
    dataDir: string,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    this.path = join(dataDir, 'stops.jsonl');
    this.kept = this.read();
  }

  all(): readonly SpooledStop[] {
    return this.kept;
  }

  add(stop: SpooledStop): void {
    this.kept = [...this.kept, stop];
    try {
      // Begins a line of its own: the one before may have been left half written.
      appendFileSync(this.path, `\n${JSON.stringify(stop)}\n`, { mode: 0o600, flush: true });
    } catch (error) {
      this.onTrouble(error);
    }
  }

  /** Forgets stops that are in the ledger now. */
  drop(stops: readonly SpooledStop[]): void {
    this.kept = this.kept.filter((stop) => !stops.includes(stop));
    if (this.kept.length > 0) return;
    try {
      rmSync(this.path, { force: true });
    } catch (error) {
      this.onTrouble(error);
    }
  }

  private read(): SpooledStop[] {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.onTrouble(error);
      return [];
    }
    return text.split('\n').flatMap((line) => {
      try {
        return line === '' ? [] : [readStop(line)];
      } catch (error) {
        // The last line may be half written: the process died before it acted upon it.
        this.onTrouble(error);
        return [];
      }
    });
  }
}
