import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { State } from './store';

type Head = Pick<State['head'], 'seq' | 'hash'>;

/** The head is put down at most so often: it is paper outside of the database, not on a stop's way. */
const DELAY_MS = 500;

/**
 * The ledger's newest line, noted in a file beside the database. A chain that lost its newest lines is still a valid
 * chain; the anchor shows that it ends too early.
 */
export class Anchor {
  private readonly path: string;
  private newest: Head | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(dataDir: string) {
    this.path = join(dataDir, 'ledger.head');
  }

  read(): Head | undefined {
    try {
      const { seq, hash } = JSON.parse(readFileSync(this.path, 'utf8')) as Head;
      return { seq, hash };
    } catch {
      return undefined;
    }
  }

  note(head: Head): void {
    this.newest = head;
    this.timer ??= setTimeout(() => this.write(), DELAY_MS).unref();
  }

  /** Writes what is not yet written. */
  close(): void {
    if (this.timer) this.write();
  }

  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.newest) return;
    const draft = `${this.path}.${process.pid}`;
    try {
      writeFileSync(draft, JSON.stringify({ seq: this.newest.seq, hash: this.newest.hash }), { mode: 0o600 });
      renameSync(draft, this.path);
    } catch {
      // A full disk must not stop a stop. The next note tries again; `ledger verify` tells of an old anchor by nothing
      // worse than checking less.
      rmSync(draft, { force: true });
    }
  }
}
