import fc from 'fast-check';
import { parseMessage } from '../../../src/orders/grammar';
import { must, mutated, target } from '../target';

const SCOPES = ['agent', 'llm', 'agent-2'];
const pieces = fc.constantFrom(
  ...[
    'STOP',
    'stop',
    'RESTORE',
    'restore',
    'ＲＥＳＴＯＲＥ',
    'rеstore',
    'STATUS',
    'agent',
    'llm',
    'agent-2',
    '492039',
    '٤٩٢٠٣٩',
  ],
  ...[
    '４９２０３９',
    '𝟜𝟡𝟚𝟘𝟛𝟡',
    '123456789012',
    'l23456',
    'O00000',
    '\u202e',
    '\u200b',
    '\u0301',
    '\u2066',
    '\ud800',
    '\0',
    '\n',
  ],
  ...[' ', '-', '🛑', 'ｓｔｏｐ', 'ST\u00adOP', 'ﬀ', 'ﷺ', 'please', 'not', 'the'],
);
const corpus = [
  'STOP 492039',
  'RESTORE 492039',
  'restore agent-2 492 039',
  'STOP llm 1234-5678-9012',
  'status',
  'Stop!!',
];

/** Reads as slowly and plainly as can be: words, and digits in a row. */
function plainly(text: string): { words: readonly string[]; digits: string } {
  const plain = text.normalize('NFKD').replace(/\p{Cf}|\p{M}/gu, '');
  const words = plain
    .toUpperCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');
  let digits = '';
  for (const character of plain) {
    if (!/\p{Nd}/u.test(character)) continue;
    // The tens of a script stand in a row: how far from the first of them.
    let zero = character.codePointAt(0) ?? 0;
    for (let back = 0; back < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1)); back++) zero--;
    const value = (character.codePointAt(0) ?? 0) - zero;
    digits += /[\u{1D7CE}-\u{1D7FF}]/u.test(character) ? '?' : String(value);
  }
  return { words, digits };
}

const SAYS_NOTHING = 'A AND ASAP CODE IS IT MY NOW OTP PIN PLEASE PLS PLZ PULLCORD SCOPE THE WITH AGENT LLM'.split(' ');

export const texts = target(
  'text messages',
  250_000,
  fc.oneof(
    mutated(corpus, pieces),
    fc.array(pieces, { maxLength: 12 }).map((some) => some.join('')),
    fc.array(pieces, { maxLength: 8 }).map((some) => some.join(' ')),
    fc.string({ unit: 'binary', maxLength: 200 }),
  ),
  (text) => {
    const order = parseMessage(text, SCOPES);
    const { words, digits } = plainly(text);
    if (text.length > 1600) must(order.kind === 'not-understood', 'read what is longer than a text message');
    else if (words.includes('STOP'))
      must(order.kind === 'sever' || (order.kind === 'unknown-scope' && order.verb === 'sever'), 'STOP did not stop');
    if (order.kind === 'restore') {
      must(words.includes('RESTORE'), 'a restore without the word');
      const chatter = words.filter((word) => word !== 'RESTORE' && !SAYS_NOTHING.includes(word));
      must(chatter.length === 0, `a restore with chatter: ${chatter}`);
    }
    if (order.kind === 'not-understood') return;
    const code = order.code ?? order.backupCode;
    must(code === undefined || /^(\d{6}|\d{12})$/.test(code), 'a code that is none');
    if (code !== undefined && !digits.includes('?')) must(digits.includes(code), `a code that was not typed: ${code}`);
    if ('scope' in order && order.scope !== undefined) must(SCOPES.includes(order.scope), 'a scope that is none');
  },
);
