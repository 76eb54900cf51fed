import fc from 'fast-check';
import { type ParsedMessage, parseMessage, scopeTroubles } from '../../src/orders/grammar';

const scopes = ['agent', 'llm', 'fallback', 'agent-2', 'gpu-pool-7'];
const parse = (text: string): ParsedMessage => parseMessage(text, scopes);

type Expected = Partial<Record<'scope' | 'code' | 'backupCode' | 'word' | 'verb', string>> & {
  readonly kind: ParsedMessage['kind'];
  readonly bare?: boolean;
};
const stop = (more: Partial<Expected> = {}): Expected => ({ kind: 'sever', code: '492039', ...more });
const give = (more: Partial<Expected> = {}): Expected => ({ kind: 'restore', code: '492039', ...more });
const severWithoutCode = { kind: 'sever' } as const;
const notUnderstood = { kind: 'not-understood' } as const;

const table: readonly (readonly [string, Expected])[] = [
  // The words
  ['STOP 492039', stop()],
  ['stop 492039', stop()],
  ['Stop 492039', stop()],
  ['STOPALL 492039', stop()],
  ['CUT 492039', stop()],
  ['sever 492039', stop()],
  ['KILL 492039', stop()],
  ['RESTORE 492039', give()],
  ['Restore 492039', give()],
  ['STATUS', { kind: 'status' }],
  ['status?', { kind: 'status' }],
  ['HELP', { kind: 'help' }],
  ['info', { kind: 'help' }],
  ['START', { kind: 'help' }],
  ['yes', { kind: 'help' }],
  // The scope, before and after
  ['STOP llm 492039', stop({ scope: 'llm' })],
  ['llm STOP 492039', stop({ scope: 'llm' })],
  ['STOP 492039 llm', stop({ scope: 'llm' })],
  ['492039 STOP LLM', stop({ scope: 'llm' })],
  ['492039 fallback restore', give({ scope: 'fallback' })],
  ['restore AGENT 492039', give({ scope: 'agent' })],
  ['STATUS llm', { kind: 'status', scope: 'llm' }],
  ['STOP agent-2 492039', stop({ scope: 'agent-2' })],
  ['STOP agent 2 492039', stop({ scope: 'agent-2' })],
  ['STOP Agent2 492039', stop({ scope: 'agent-2' })],
  ['STOP AGENT – 2, 492 039', stop({ scope: 'agent-2' })],
  ['restore gpu pool 7: 492039', give({ scope: 'gpu-pool-7' })],
  ['STOP agent 2 92039', stop({ scope: 'agent', code: '292039' })],
  ['492039 STOP agent 2', stop({ scope: 'agent-2' })],
  ['STOP agent agent 492039', stop({ scope: 'agent' })],
  // The code: where, how grouped
  ['492039 STOP', stop()],
  ['STOP 492 039', stop()],
  ['STOP 492-039', stop()],
  ['STOP 49 20 39', stop()],
  ['STOP 4 9 2 0 3 9', stop()],
  ['stop492039', stop()],
  ['492039stop', stop()],
  ['STOP:492039', stop()],
  ['STOP,492039.', stop()],
  ['restore492039', give()],
  ['restore 492 039', give()],
  ['restore 492\u2013039', give()],
  ['STOP code 492039', stop()],
  ['STOP 492039 492039', stop()],
  ['restore 492039 492039', give()],
  ['492039 restore 492039', give()],
  ['STOP 123456789012', { kind: 'sever', backupCode: '123456789012' }],
  ['STOP 1234 5678 9012', { kind: 'sever', backupCode: '123456789012' }],
  ['1234-5678-9012 cut llm', { kind: 'sever', backupCode: '123456789012', scope: 'llm' }],
  ['kill 123 456 789 012', { kind: 'sever', backupCode: '123456789012' }],
  ['STOP 123456 789012', { kind: 'sever', backupCode: '123456789012' }],
  ['restore 1234 5678 9012', { kind: 'restore', backupCode: '123456789012' }],
  // Dirt
  ['STOP 492039.', stop()],
  ['STOP!!! 492039', stop()],
  ['"STOP 492039"', stop()],
  ['\u201CStop 492039\u201D', stop()],
  ['(stop) [492039]', stop()],
  ['STOP\n492039\n', stop()],
  ['\r\n  STOP\t492039  ', stop()],
  ['STOP\u00A0492039', stop()],
  ['STOP\u202F492\u202F039', stop()],
  ['S\u200BTOP 492\u200B039', stop()],
  ['\uFEFFSTOP 492039', stop()],
  ['\u200ESTOP 492039\u200F', stop()],
  ['STOP 492039 \u{1F6D1}\u{1F62D}', stop()],
  ['STOP #492039', stop()],
  ['Stop\u2026 492039', stop()],
  ['- STOP - 492039 -', stop()],
  // Other ways to write
  ['\uFF33\uFF34\uFF2F\uFF30 \uFF14\uFF19\uFF12\uFF10\uFF13\uFF19', stop()],
  ['\uFF32\uFF25\uFF33\uFF34\uFF2F\uFF32\uFF25 492039', give()],
  ['STOP \u0664\u0669\u0662\u0660\u0663\u0669', stop()],
  ['STOP \u06F4\u06F9\u06F2\u06F0\u06F3\u06F9', stop()],
  ['STOP \u096A\u096F\u0968\u0966\u0969\u096F', stop()],
  ['STOP \u{1D7D2}\u{1D7D7}\u{1D7D0}\u{1D7CE}\u{1D7D1}\u{1D7D7}', stop()],
  ['STOP 4\uFE0F\u20E39\uFE0F\u20E32\uFE0F\u20E30\uFE0F\u20E33\uFE0F\u20E39\uFE0F\u20E3', stop()],
  ['\u24C8\u24C9\u24C4\u24C5 492039', stop()],
  ['ST\u00D6P 492039', stop()],
  ['K\u0130LL 492039', stop()],
  // A thumb in a panic
  ['STOPPP 492039', stop()],
  ['stooooop 492039', stop()],
  ['stopagent 492039', stop({ scope: 'agent' })],
  ['STOPLLM492039', stop({ scope: 'llm' })],
  ['stopnow 492039', stop()],
  ['killall 492039', stop()],
  ['please stop the agent now 492039', stop({ scope: 'agent' })],
  ['STOP ALL 492039', stop()],
  ['cut it off!! code is 492039', stop()],
  ['STOP EVERYTHING 492039', stop()],
  ['kill switch 492039', stop()],
  ['stop my damn agent 492039', stop({ scope: 'agent' })],
  ['oh no it goes wild stop 492039', stop()],
  ['restore the agent please, code 492039', give({ scope: 'agent' })],
  // Stop wins
  ['RESTORE STOP 492039', stop()],
  ['stop restore 492039', stop()],
  ['do not restore, stop agent 492039', stop({ scope: 'agent' })],
  ['STATUS STOP 492039', stop()],
  ['HELP STOP 492039', stop()],
  ["don't stop agent 492039", stop({ scope: 'agent' })],
  ['STOP agent llm 492039', stop({ scope: 'agent' })],
  ['STOP 111111 no wait 492039', stop()],
  ['STOP 492039 then llm 1', stop({ scope: 'llm' })],
  ['STOP 1 492039', stop()],
  // A code that is none: still a stop, without a code
  ['STOP', { kind: 'sever', bare: true }],
  ['cut', severWithoutCode],
  ['STOP agent', { kind: 'sever', scope: 'agent' }],
  ['STOP 49203', severWithoutCode],
  ['STOP 4920399', severWithoutCode],
  ['STOP 492 abc 039', { kind: 'unknown-scope', word: 'abc', verb: 'sever' }],
  ['STOP 1234 5678 901', severWithoutCode],
  ['restore', { kind: 'restore' }],
  ['restore 49203', { kind: 'restore' }],
  ['restore 492039 please 111111', { kind: 'restore' }],
  ['restore 492 please 039', { kind: 'restore' }],
  // An opt-out at the provider
  ['stop', { kind: 'sever', bare: true }],
  ['Stop.', { kind: 'sever', bare: true }],
  [' STOPALL ', { kind: 'sever', bare: true }],
  ['unsubscribe', { kind: 'sever', bare: true }],
  ['Cancel', { kind: 'sever', bare: true }],
  ['END', { kind: 'sever', bare: true }],
  ['quit', { kind: 'sever', bare: true }],
  ['REVOKE', { kind: 'sever', bare: true }],
  ['optout', { kind: 'sever', bare: true }],
  ['quit 492039', notUnderstood],
  ['STOPP', severWithoutCode],
  ['STOP STOP', severWithoutCode],
  ['stop please', severWithoutCode],
  // Doubt never starts
  ['restore agent llm 492039', notUnderstood],
  ["don't restore 492039", notUnderstood],
  ['do not restore agent 492039', notUnderstood],
  ['restore agent tomorrow 492039', notUnderstood],
  ['restored 492039', notUnderstood],
  ['unrestore 492039', notUnderstood],
  ['restore status 492039', { kind: 'status' }],
  ['restore help 492039', { kind: 'help' }],
  ['restore yes 492039', { kind: 'help' }],
  ['start agent 492039', { kind: 'help', scope: 'agent' }],
  [
    'Loved \u201CSEVERED agent: 3 routes refused on 2 gateways, seen after 0.4 s. Order 12. RESTORE agent + code puts it back.\u201D',
    notUnderstood,
  ],
  ['Liked \u201CRESTORE 492039\u201D', { kind: 'unknown-scope', word: 'liked', verb: 'restore' }],
  // A scope that there isn't
  ['STOP lmm 492039', { kind: 'unknown-scope', word: 'lmm', verb: 'sever' }],
  ['restore everything 492039', { kind: 'unknown-scope', word: 'everything', verb: 'restore' }],
  ['stop \u0430gent 492039', { kind: 'unknown-scope', word: '\u0430gent', verb: 'sever' }],
  ['cut foo 1234 5678 9012', { kind: 'unknown-scope', word: 'foo', verb: 'sever' }],
  // Nothing
  ['', notUnderstood],
  ['   ', notUnderstood],
  ['...', notUnderstood],
  ['492039', notUnderstood],
  ['agent', notUnderstood],
  ['hello there', notUnderstood],
  ['nonstop 492039', notUnderstood],
  ['\u0421\u0422\u041E\u0420 492039', notUnderstood],
  [`STOP 492039${' '.repeat(1590)}`, notUnderstood],
];

test.each(table)('%j', (text, expected) => {
  const parsed = parse(text);
  expect(parsed).toMatchObject(expected);
  const code = (m: object): unknown[] => [(m as Expected).scope, (m as Expected).code, (m as Expected).backupCode];
  // Nothing more than what is expected: no code, no scope out of thin air. (A help or status line needs no code.)
  if (parsed.kind === 'help' || parsed.kind === 'status') expect(parsed.scope).toBe(expected.scope);
  else if (parsed.kind !== 'unknown-scope') expect(code(parsed)).toEqual(code(expected));
  if ('bare' in parsed) expect(parsed.bare).toBe(expected.bare ?? false);
});

test('an unknown scope keeps the code, for a sender to whom it cannot be said', () => {
  expect(parse('STOP lmm 123456789012')).toMatchObject({ kind: 'unknown-scope', backupCode: '123456789012' });
});

test.each([
  ['STOP', 0],
  ['STOP 49203', 5],
  ['STOP agent-2 4920', 4],
  ['restore 492039 please 111111', 12],
])('%j: %i digits', (text, digits) => expect(parse(text)).toMatchObject({ digits }));

test('a scope may be called like a filler, not like an order', () => {
  expect(parseMessage('STOP code 492039', ['agent', 'code'])).toMatchObject({ scope: 'code', code: '492039' });
  expect(parseMessage('STOP all 492039', ['agent', 'all'])).toMatchObject({ scope: 'all' });
  expect(parseMessage('RESTORE kill-chain 492039', ['kill-chain'])).toMatchObject({ verb: 'sever' });
});

test('says which scopes a text cannot name', () => {
  expect(scopeTroubles(['agent', 'llm', 'code'])).toEqual([]);
  expect(scopeTroubles(['agent-1', 'kill-chain', 'restore', 'agent1'])).toEqual([
    expect.stringMatching(/^kill-chain: KILL is an order/),
    expect.stringMatching(/^restore: RESTORE is an order/),
    expect.stringMatching(/^agent1: reads like agent-1/),
  ]);
});

const separator = fc.constantFrom(
  ' ',
  '  ',
  '\n',
  ', ',
  ': ',
  '. ',
  '! ',
  ' - ',
  '\u00A0',
  ' "',
  '\u2009',
  '... ',
  '\t',
);
const invisible = fc.constantFrom('', '', '', '\u200B', '\u2060', '\u00AD', '\uFE0F');
const zeros = [0x30, 0x660, 0x6f0, 0x966, 0xff10, 0x1d7ce, 0x1fbf0];
const codeGap = fc.constantFrom('', '', ' ', '-', '\u2013', '.', '\u00A0', '\u200B');

const letters = (word: string): fc.Arbitrary<string> =>
  fc
    .tuple(...[...word].map((c) => fc.tuple(fc.nat(3), invisible).map(([style, gap]) => styled(c, style) + gap)))
    .map((all) => all.join(''));
const styled = (c: string, style: number): string => {
  if (style === 0) return c.toLowerCase();
  if (style === 1 && /[A-Za-z]/.test(c)) return String.fromCodePoint(c.toUpperCase().charCodeAt(0) + 0xfee0);
  return c.toUpperCase();
};
const digits = (code: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...zeros), fc.array(codeGap, { minLength: code.length, maxLength: code.length }))
    .map(([zero, gaps]) =>
      [...code].map((d, i) => String.fromCodePoint(zero + Number(d)) + (i < code.length - 1 ? gaps[i] : '')).join(''),
    );
const someCode = fc
  .tuple(fc.constantFrom(6, 12), fc.bigInt({ min: 0n, max: 999_999_999_999n }))
  .map(([length, n]) => String(n).padStart(12, '0').slice(0, length));

test('any decoration of a canonical message parses to the same', () => {
  const message = fc
    .record({
      verb: fc.constantFrom('STOP', 'CUT', 'SEVER', 'KILL', 'STOPALL', 'RESTORE'),
      scope: fc.constantFrom(undefined, ...scopes.filter((s) => !/\d/.test(s))),
      code: fc.option(someCode, { nil: undefined }),
    })
    .chain((canonical) => {
      const words = [canonical.verb, ...(canonical.scope ? [canonical.scope] : [])].map(letters);
      const all = canonical.code ? [...words, digits(canonical.code)] : words;
      return fc
        .tuple(fc.tuple(...all), fc.array(separator, { minLength: 4, maxLength: 4 }), fc.nat(), fc.boolean())
        .map(([parts, gaps, turn, glued]) => {
          const codeAt = canonical.code ? parts.length - 1 : -1;
          const order = parts.map((_, i) => (i + turn) % parts.length);
          const text = order.map((part, i) => {
            const besideCode = part === codeAt || order[i - 1] === codeAt;
            return (glued && besideCode ? '' : gaps[i]) + (parts[part] ?? '');
          });
          return { canonical, text: text.join('') + gaps[3] };
        });
    });
  fc.assert(
    fc.property(message, ({ canonical, text }) => {
      const plain = [canonical.verb, canonical.scope, canonical.code].filter(Boolean).join(' ');
      expect(parse(text)).toEqual(parse(plain));
      expect(parse(plain)).toMatchObject({ kind: canonical.verb === 'RESTORE' ? 'restore' : 'sever' });
    }),
    { numRuns: 2000 },
  );
});

const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom('STOP', 'cut', 'Kill', 'RESTORE', 'restore', 'status', 'help', 'yes', 'agent', 'llm', 'now'),
        fc.constantFrom('492039', '123456789012', '12', 'agent-2', 'not', "don't", 'restored', '\uFF32estore'),
        fc.string({ maxLength: 6 }),
      ),
      { maxLength: 8 },
    )
    .chain((parts) => separator.map((gap) => parts.join(gap))),
);
/** What the message reads when all but its letters is taken away: an oracle that knows nothing of tokens. */
const lettersOnly = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[^\p{L}]/gu, '')
    .toUpperCase();

test('never throws, and codes are six or twelve digits', () => {
  fc.assert(
    fc.property(anything, (text) => {
      const parsed = parse(text);
      if ('code' in parsed && parsed.code !== undefined) expect(parsed.code).toMatch(/^\d{6}$/);
      if ('backupCode' in parsed && parsed.backupCode !== undefined) expect(parsed.backupCode).toMatch(/^\d{12}$/);
      if ('scope' in parsed && parsed.scope !== undefined) expect(scopes).toContain(parsed.scope);
    }),
    { numRuns: 3000 },
  );
});

test('nothing without a restore word is ever a restore', () => {
  fc.assert(
    fc.property(anything, (text) => {
      fc.pre(!lettersOnly(text).includes('RESTORE'));
      expect(parse(text).kind).not.toBe('restore');
    }),
    { numRuns: 3000 },
  );
});

test('a message with a sever word is never a restore, and always a sever', () => {
  const severWord = fc.constantFrom('STOP', 'stop', 'Cut', 'SEVER', 'kill', 'stopall', '\uFF33top', 'KILL!');
  fc.assert(
    fc.property(anything, severWord, anything, (before, word, after) => {
      const parsed = parse(`${before} ${word} ${after}`);
      const verb = parsed.kind === 'unknown-scope' ? parsed.verb : parsed.kind;
      expect(verb).toBe('sever');
    }),
    { numRuns: 3000 },
  );
});
