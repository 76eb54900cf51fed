import fc from 'fast-check';
import { checkSignature } from '../../n8n-nodes/nodes/PullcordTrigger/signature';
import { signature } from '../../src/signature';

/** Pullcord's own signing against the check of the trigger. */

const SECONDS = 1_767_323_045;
const now = SECONDS * 1000;
const secret = 'kU3p';
const body = '{"type":"severed"}';
const header = signature(secret, body, SECONDS);
const good = { secret, header, body: Buffer.from(body), now };

it.each<[string, Partial<Record<keyof typeof good, unknown>>, string]>([
  ['as it was sent', {}, 'good'],
  ['as a text', { body }, 'good'],
  ['five minutes old', { now: now + 300_000 }, 'good'],
  ['five minutes ahead', { now: now - 300_000 }, 'good'],
  ['older', { now: now + 300_001 }, 'signature-old'],
  ['further ahead', { now: now - 300_001 }, 'signature-old'],
  ['of another secret', { secret: 'kU3q' }, 'signature-wrong'],
  ['without a secret', { secret: undefined }, 'secret-missing'],
  ['with an empty one', { secret: '', header: signature('', body, SECONDS) }, 'secret-missing'],
  ['with one that isn’t a text', { secret: 5 }, 'secret-missing'],
  ['without a header', { header: undefined }, 'signature-missing'],
  ['with two of them', { header: [header, header] }, 'signature-missing'],
  ['with an empty one', { header: '' }, 'signature-wrong'],
  ['with a time alone', { header: `t=${SECONDS}` }, 'signature-wrong'],
  ['with a second signature behind', { header: `${header},v1=${'0'.repeat(64)}` }, 'signature-wrong'],
  ['in capitals', { header: header.toUpperCase() }, 'signature-wrong'],
  ['with a time that was set forward', { header: header.replace(/t=\d+/, `t=${SECONDS + 1}`) }, 'signature-wrong'],
  ['with the same time written otherwise', { header: header.replace('t=', 't=0') }, 'signature-wrong'],
  ['with a time of letters', { header: header.replace(/t=\d+/, 't=NaN') }, 'signature-wrong'],
  ['without a body', { body: undefined }, 'signature-missing'],
  ['with a body that was read already', { body: JSON.parse(body) }, 'signature-missing'],
  ['with an empty body', { body: Buffer.alloc(0) }, 'signature-wrong'],
])('%s', (_, change, verdict) => {
  expect(checkSignature({ ...good, ...change } as typeof good)).toBe(verdict);
});

it('whatever Pullcord signs is taken, and one bent bit of body or signature is not', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(), fc.nat(7), (text, at, bit) => {
      const raw = Buffer.from(text);
      const signed = signature(secret, raw.toString('utf8'), SECONDS);
      expect(checkSignature({ ...good, header: signed, body: raw })).toBe('good');
      const bent = (bytes: Buffer): Buffer => {
        const copy = Buffer.from(bytes);
        copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << bit);
        return copy;
      };
      if (raw.length > 0) expect(checkSignature({ ...good, header: signed, body: bent(raw) })).toBe('signature-wrong');
      const bentHeader = bent(Buffer.from(signed)).toString('latin1');
      expect(checkSignature({ ...good, header: bentHeader, body: raw })).toBe('signature-wrong');
    }),
    { numRuns: 300 },
  );
});
