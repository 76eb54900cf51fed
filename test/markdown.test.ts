import fc from 'fast-check';
import { markdownText } from '../src/markdown';
import { printable } from '../src/printable';

it.each([
  ['plain, with 3.5 s and a-b', 'plain, with 3.5 s and a-b'],
  ['a | b', 'a \\| b'],
  ['[x](javascript:alert(1))', '\\[x\\](javascript:alert(1))'],
  ['<img src=x onerror=y> &lt;', '\\<img src=x onerror=y\\> \\&lt;'],
  ['see https://evil.example and www.evil.example', 'see https\\://evil.example and www\\.evil.example'],
  ['two\n\n# lines\r\n', 'two \\# lines'],
  ['a\\', 'a\\\\'],
  ['\u202eturned\u0007', '\ufffdturned\ufffd'],
])('%j is read as it was written', (text, markdown) => {
  expect(markdownText(text)).toBe(markdown);
});

it('whatever it is, it is one line in which nothing means anything, and it says what it said', () => {
  const special = fc.constantFrom(...'\\`*_{}[]<>#!|~&@$^:/.w\n\r\t\u2028 -1', 'www.', '://', '<!--', '](');
  fc.assert(
    fc.property(fc.array(fc.oneof(special, fc.string({ unit: 'binary' })), { maxLength: 30 }), (parts) => {
      const text = parts.join('');
      const markdown = markdownText(text);
      const bare = markdown.replace(/\\[!-/:-@[-`{-~]/g, ' ');
      expect(bare).not.toMatch(/[\\`*_{}[\]<>#!|~&@$^\n\r]|:\/\/|www\./i);
      expect(markdown.replace(/\\([!-/:-@[-`{-~])/g, '$1')).toBe(printable(text.replace(/\s+/gu, ' ')).trim());
    }),
    { numRuns: 1_000 },
  );
});
