import { createHmac } from 'node:crypto';
import type { Entry, Line, State } from './store';

/** What stands before the first line. */
export const GENESIS = { seq: 0, at: 0, hash: '0'.repeat(64) } as const;

/** JSON with the keys of every object in order, so that the same data have the same hash (as in RFC 8785). */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** A line with its data as the text that is hashed and kept. */
export interface SealedLine extends Omit<Line, 'data'> {
  readonly data: string;
}

const hashOf = (key: Buffer, previous: string, line: Omit<SealedLine, 'hash'>): string =>
  createHmac('sha256', key)
    .update(`${previous}\n${JSON.stringify([line.seq, line.at, line.kind, line.data])}`)
    .digest('hex');

/** The lines that follow a head. Sealed with a key: whoever can write to the database can't forge a chain. */
export function chain(key: Buffer, head: State['head'], entries: readonly Entry[], at: number): SealedLine[] {
  const lines: SealedLine[] = [];
  let { seq, hash } = head;
  for (const entry of entries) {
    seq += 1;
    const line = { seq, at, kind: entry.kind, data: canonicalJson(entry.data) };
    hash = hashOf(key, hash, line);
    lines.push({ ...line, hash });
  }
  return lines;
}

/** Where a ledger stops being what was written. */
export interface Fault {
  readonly seq: number;
  readonly what: string;
}

/** Follows the chain line by line; feed it the lines in order, in as many pieces as you like. */
export class ChainVerifier {
  private last: { seq: number; hash: string } = { ...GENESIS };

  constructor(private readonly key: Buffer) {}

  /** The first fault of these lines, if there is one. */
  check(lines: readonly SealedLine[]): Fault | undefined {
    for (const line of lines) {
      if (line.seq !== this.last.seq + 1)
        return { seq: this.last.seq + 1, what: `line ${this.last.seq + 1} is missing or not in its place` };
      if (hashOf(this.key, this.last.hash, line) !== line.hash)
        return { seq: line.seq, what: `line ${line.seq} was changed, or does not follow the one before it` };
      this.last = line;
    }
    return undefined;
  }

  /** Checks that the chain ends where it should: a ledger that lost its newest lines is a valid chain, too. */
  end(head: { readonly seq: number; readonly hash: string }): Fault | undefined {
    if (this.last.seq === head.seq && this.last.hash === head.hash) return undefined;
    return {
      seq: this.last.seq + 1,
      what: `the ledger ends at line ${this.last.seq}, but line ${head.seq} was written`,
    };
  }

  get position(): { readonly seq: number; readonly hash: string } {
    return this.last;
  }
}
