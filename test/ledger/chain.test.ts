import fc from 'fast-check';
import { ChainVerifier, canonicalJson, chain, GENESIS, type SealedLine } from '../../src/ledger/chain';
import type { Entry } from '../../src/ledger/store';

const KEY = Buffer.alloc(32, 7);

const entries = fc.array(
  fc.record({
    kind: fc.constantFrom('order', 'refusal', 'severed') as fc.Arbitrary<Entry['kind']>,
    data: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
  }),
  { minLength: 2, maxLength: 12 },
);

const verify = (lines: readonly SealedLine[], head: { seq: number; hash: string }, key = KEY) => {
  const verifier = new ChainVerifier(key);
  return verifier.check(lines) ?? verifier.end(head);
};

describe('law 8, on paper: the chain', () => {
  it('accepts what was written, in one piece or in many', () => {
    fc.assert(
      fc.property(entries, fc.nat(), (written, cut) => {
        const lines = chain(KEY, GENESIS, written, 5);
        const head = lines.at(-1) as SealedLine;
        const verifier = new ChainVerifier(KEY);
        const at = cut % lines.length;
        expect(verifier.check(lines.slice(0, at)) ?? verifier.check(lines.slice(at)) ?? verifier.end(head)).toBe(
          undefined,
        );
      }),
    );
  });

  it('finds any line that was changed, taken out, swapped or cut off at the end', () => {
    fc.assert(
      fc.property(
        entries,
        fc.nat(),
        fc.constantFrom('data', 'at', 'kind', 'drop', 'swap', 'truncate'),
        (written, n, how) => {
          const lines = chain(KEY, GENESIS, written, 5);
          const head = lines.at(-1) as SealedLine;
          const i = n % (lines.length - 1);
          const line = lines[i] as SealedLine;
          const forged = [...lines];
          if (how === 'data') forged[i] = { ...line, data: canonicalJson({ forged: line.data }) };
          if (how === 'at') forged[i] = { ...line, at: line.at + 1 };
          if (how === 'kind') forged[i] = { ...line, kind: 'drift' };
          if (how === 'drop') forged.splice(i, 1);
          if (how === 'swap') [forged[i], forged[i + 1]] = [forged[i + 1] as SealedLine, line];
          if (how === 'truncate') forged.splice(i);
          expect(verify(forged, head)).toMatchObject({ what: expect.any(String) });
        },
      ),
    );
  });

  it('cannot be made anew without the key', () => {
    const forged = chain(Buffer.alloc(32, 8), GENESIS, [{ kind: 'order', data: { action: 'restore' } }], 5);
    expect(verify(forged, forged[0] as SealedLine)).toMatchObject({ seq: 1 });
  });

  it('hashes the same data alike, in whatever order the keys stand', () => {
    expect(canonicalJson({ b: 1, a: { d: [2, { f: 1, e: 0 }], c: null } })).toBe(
      '{"a":{"c":null,"d":[2,{"e":0,"f":1}]},"b":1}',
    );
  });
});
