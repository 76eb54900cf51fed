import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { deriveKeys, KeyMalformed, open, parseMasterKey, SealBroken, seal } from '../../src/config/secrets';

const key = randomBytes(32);
const text = fc.string({ unit: 'grapheme' });

describe('the master key', () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, i) => 255 - i));

  it.each([
    ['hexadecimal', bytes.toString('hex')],
    ['capital hexadecimal', bytes.toString('hex').toUpperCase()],
    ['base64', bytes.toString('base64')],
  ])('may be %s', (_, written) => {
    expect(parseMasterKey(written)).toEqual(bytes);
  });

  it.each([
    ['nothing', ''],
    ['a word', 'correct horse battery staple'],
    ['63 digits', 'a'.repeat(63)],
    ['65 digits', 'a'.repeat(65)],
    ['16 bytes in hexadecimal', 'a'.repeat(32)],
    ['31 bytes in base64', randomBytes(31).toString('base64')],
    ['33 bytes in base64', randomBytes(33).toString('base64')],
    ['a newline behind it', `${'a'.repeat(64)}\n`],
  ])('is not %s', (_, written) => {
    expect(() => parseMasterKey(written)).toThrow(KeyMalformed);
    expect(() => parseMasterKey(written)).toThrow('make one with: openssl rand -hex 32');
  });

  it('gives each purpose a key of its own, the same one every time', () => {
    const keys = Object.values(deriveKeys(bytes)).map((derived: Buffer) => derived.toString('hex'));
    expect(new Set([...keys, bytes.toString('hex')]).size).toBe(7);
    expect(keys.every((derived) => derived.length === 64)).toBe(true);
    expect(Object.values(deriveKeys(bytes)).map((derived: Buffer) => derived.toString('hex'))).toEqual(keys);
    expect(deriveKeys(key).ledger).not.toEqual(deriveKeys(bytes).ledger);
  });

  it('still derives the keys that older files were sealed with', () => {
    // HKDF-SHA256 without salt, info `pullcord/v1/operators`, by RFC 5869's two HMACs in another language.
    expect(deriveKeys(Buffer.alloc(32, 7)).operators.toString('hex')).toBe(
      '20558903812d9001b05d6025c16c253f630b6f033ac0eb48dabb1a15353db59d',
    );
  });
});

describe('what is sealed', () => {
  it('opens again', () => {
    fc.assert(
      fc.property(text, text, (plaintext, aad) => {
        expect(open(key, seal(key, plaintext, aad), aad)).toBe(plaintext);
      }),
    );
  });

  it('is never the same twice, and does not show the text', () => {
    const one = seal(key, 'JBSWY3DPEHPK3PXP', 'alice');
    expect(one).toMatch(/^v1\.[\w-]+$/);
    expect(one).not.toBe(seal(key, 'JBSWY3DPEHPK3PXP', 'alice'));
    expect(Buffer.from(one.slice(3), 'base64url').toString('latin1')).not.toContain('JBSWY3DP');
  });

  it('does not open for another name', () => {
    fc.assert(
      fc.property(text, text, text, (plaintext, aad, other) => {
        fc.pre(aad !== other);
        expect(() => open(key, seal(key, plaintext, aad), other)).toThrow(SealBroken);
      }),
    );
  });

  it('does not open with another key', () => {
    expect(() => open(randomBytes(32), seal(key, 'secret', 'alice'), 'alice')).toThrow(SealBroken);
  });

  it('does not open when one character is another', () => {
    const characters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+ '];
    fc.assert(
      fc.property(text, fc.nat(), fc.constantFrom(...characters), (plaintext, at, character) => {
        const sealed = seal(key, plaintext, 'alice');
        const i = at % sealed.length;
        fc.pre(sealed[i] !== character);
        expect(() => open(key, sealed.slice(0, i) + character + sealed.slice(i + 1), 'alice')).toThrow(SealBroken);
      }),
    );
  });

  it.each(['', 'v1', 'v1.', 'v1.AAAA', 'v2.AAAA', 'plain text', `v1.${'A'.repeat(37)}`])('is not %j', (sealed) => {
    expect(() => open(key, sealed, 'alice')).toThrow(SealBroken);
  });

  it('does not open when it was cut short or grew', () => {
    const sealed = seal(key, 'JBSWY3DPEHPK3PXP', 'alice');
    for (let length = 0; length < sealed.length; length++)
      expect(() => open(key, sealed.slice(0, length), 'alice')).toThrow(SealBroken);
    for (const more of ['A', '=', ' ', '\n']) expect(() => open(key, sealed + more, 'alice')).toThrow(SealBroken);
    expect(() => open(key, `${sealed}.${sealed}`, 'alice')).toThrow(SealBroken);
  });
});
