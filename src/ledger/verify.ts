import { ChainVerifier, type Fault, type SealedLine } from './chain';
import type { State } from './store';

const PAGE = 1_000;

export interface Verdict {
  readonly ok: boolean;
  /** How many lines were read. */
  readonly lines: number;
  readonly faults: readonly string[];
}

export interface VerifyOptions {
  readonly ledgerKey: Buffer;
  readonly head: Pick<State['head'], 'seq' | 'hash'>;
  /** What the anchor beside the database says. */
  readonly anchor?: Pick<State['head'], 'seq' | 'hash'> | undefined;
  lines(query: { readonly after: number; readonly limit: number }): Promise<readonly SealedLine[]>;
}

/** Reads the whole ledger, page by page, and finds any changed, missing or swapped line. */
export async function verifyLedger({ ledgerKey, head, anchor, lines }: VerifyOptions): Promise<Verdict> {
  const verifier = new ChainVerifier(ledgerKey);
  const faults: Fault[] = [];
  let anchored = anchor === undefined || anchor.seq === 0;
  let read = 0;
  for (;;) {
    const page = await lines({ after: verifier.position.seq, limit: PAGE });
    const fault = verifier.check(page);
    read += page.length;
    if (fault) {
      faults.push(fault);
      break;
    }
    if (anchor && page.some((line) => line.seq === anchor.seq && line.hash === anchor.hash)) anchored = true;
    // Lines that were written while we read are beyond the head that we compare with.
    if (page.length === 0 || verifier.position.seq >= head.seq) break;
  }
  if (faults.length === 0) {
    const end = verifier.position.seq > head.seq ? undefined : verifier.end(head);
    if (end) faults.push(end);
    if (!anchored && anchor)
      faults.push({
        seq: anchor.seq,
        what: `line ${anchor.seq} was written (ledger.head says so) but is gone or another one now`,
      });
  }
  return { ok: faults.length === 0, lines: read, faults: faults.map((fault) => fault.what) };
}
