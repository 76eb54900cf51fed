import fc from 'fast-check';
import {
  LABEL_LENGTH,
  LINE_LENGTH,
  MalformedExposition,
  readExposition,
  type Sample,
} from '../../../src/tripwire/scrape/exposition';
import { exposition } from '../../support/litellm-exposition';

type Row = readonly [name: string, labels: Readonly<Record<string, string>>, value: number];

/** Reads all labels that are named, of all samples, from a text that comes in these pieces. */
function read(pieces: string | readonly string[], labels: readonly string[] = [], endMarker = false): Row[] {
  const samples: Sample[] = [];
  const keep = new Set(labels);
  const reader = readExposition({ wanted: () => keep, onSample: (sample) => samples.push(sample), endMarker });
  for (const piece of typeof pieces === 'string' ? [pieces] : pieces) reader.write(piece);
  reader.end();
  expect(reader.samples).toBe(samples.length);
  return samples.map(({ name, labels: found, value }) => [name, Object.fromEntries(found), value]);
}

describe('a sample', () => {
  it.each<[string, string, Row]>([
    ['no labels', 'a 1', ['a', {}, 1]],
    ['no labels, in braces', 'a{} 1', ['a', {}, 1]],
    ['a label', 'a{x="1"} 2.5', ['a', { x: '1' }, 2.5]],
    ['several, and a comma behind the last', 'a{x="1",y="2",} 2', ['a', { x: '1', y: '2' }, 2]],
    ['blanks wherever they may be', ' \ta\t{ x = "1" , y="2" }  3  ', ['a', { x: '1', y: '2' }, 3]],
    ['no blank before the value', 'a{x="1"}3', ['a', { x: '1' }, 3]],
    ['a name with colons', 'job:a:rate 1', ['job:a:rate', {}, 1]],
    ['escapes', String.raw`a{x="q\"b\\n\nl"} 1`, ['a', { x: 'q"b\\n\nl' }, 1]],
    ['an escape that there is not', String.raw`a{x="\d"} 1`, ['a', { x: String.raw`\d` }, 1]],
    ['braces, commas and signs in a value', 'a{x="},{#= ",y="2"} 1', ['a', { x: '},{#= ', y: '2' }, 1]],
    ['letters of all kinds', 'a{x="naïve 名 🚨"} 1', ['a', { x: 'naïve 名 🚨' }, 1]],
    ['an empty value of a label', 'a{x=""} 1', ['a', { x: '' }, 1]],
    ['a label that objects have of their own', 'a{x="1",y="2"} 1', ['a', { x: '1', y: '2' }, 1]],
    ['scientific notation', 'a 1.24425e+06', ['a', {}, 1_244_250]],
    ['a negative exponent', 'a -2.5E-7', ['a', {}, -2.5e-7]],
    ['no digit before the point', 'a .5', ['a', {}, 0.5]],
    ['no digit behind it', 'a +5.', ['a', {}, 5]],
    ['+Inf', 'a +Inf', ['a', {}, Number.POSITIVE_INFINITY]],
    ['-Inf', 'a -Inf', ['a', {}, Number.NEGATIVE_INFINITY]],
    ['NaN', 'a NaN', ['a', {}, Number.NaN]],
    ['a timestamp in milliseconds', 'a{x="1"} 1 1795400750017', ['a', { x: '1' }, 1]],
    ['a timestamp in seconds', 'a 1 1.7954007500174992e+09', ['a', {}, 1]],
    ['an exemplar', 'a{x="1"} 4 # {trace_id="z\\"}"} 0.5 1.5', ['a', { x: '1' }, 4]],
    ['a timestamp and an exemplar', 'a 4 12.5 # {} 0.5', ['a', {}, 4]],
  ])('with %s', (_what, line, row) => {
    expect(read(`${line}\n`, ['x', 'y'])).toEqual([row]);
  });

  it.each([
    ['no value', 'a', 'a metric has no value'],
    ['no value behind labels', 'a{x="1"}', 'a value is not a number'],
    ['a value that JavaScript takes', 'a 0x10', 'a value is not a number'],
    ['an empty value', 'a{x="1"}  ', 'a value is not a number'],
    ['a word as value', 'a one', 'a value is not a number'],
    ['two points', 'a 1.2.3', 'a value is not a number'],
    ['a name that begins with a digit', '1a 1', 'it is no metric'],
    ['a label that begins with a digit', 'a{1x="1"} 1', 'a label has no name'],
    ['a label without a value', 'a{x} 1', 'a label has no value'],
    ['a bare value of a label', 'a{x=1} 1', 'a label value is not quoted'],
    ['a value of a label that does not end', 'a{x="1} 1', 'a label value does not end'],
    ['a last quote that is escaped', 'a{x="1\\"} 1', 'a label value does not end'],
    ['labels that do not end', 'a{x="1" 1', 'the labels do not end'],
    ['two commas', 'a{x="1",,y="2"} 1', 'a label has no name'],
    ['a word behind the value', 'a 1 word', 'a timestamp is not a number'],
    ['a word behind the timestamp', 'a 1 2 word', 'something follows the value'],
    ['an exemplar without labels', 'a 1 # 0.5', 'something follows the value'],
    ['something behind an exemplar', 'a 1 # {} 0.5 1 x', 'something follows the exemplar'],
    ['a page', '<!doctype html>', 'it is no metric'],
    ['JSON', '{"detail":"Not Found"}', 'it is no metric'],
  ])('with %s is refused, wanted or not, and not quoted', (_what, line, words) => {
    const text = `# fine\nb{secret="s"} 1\n${line}\n`;
    expect(() => read(text)).toThrow(new MalformedExposition(`line 3: ${words}`));
    const reader = readExposition({ wanted: () => undefined, onSample: () => {} });
    expect(() => reader.write(text)).toThrow(MalformedExposition);
  });
});

describe('an exposition', () => {
  it('has comments, empty lines and declarations', () => {
    const declared: string[] = [];
    const text = '# HELP a_total words # {x="\n# TYPE a_total counter\n\n#TYPE b gauge\n# comment\na_total 1\n \n';
    const reader = readExposition({
      wanted: () => undefined,
      onSample: () => {},
      onType: (name) => declared.push(name),
    });
    reader.write(text);
    reader.end();
    expect([declared, reader.samples]).toEqual([['a_total'], 1]);
  });

  it('keeps nothing but what is asked for', () => {
    const samples: Sample[] = [];
    const reader = readExposition({
      wanted: (name) => (name === 'a' ? new Set(['x']) : undefined),
      onSample: (sample) => samples.push(sample),
    });
    reader.write('a{x="1",y="2"} 1\nb{x="1"} 2\n');
    reader.end();
    expect(samples).toEqual([{ name: 'a', labels: new Map([['x', '1']]), value: 1, series: 'a{x="1",y="2"}' }]);
  });

  it.each([
    ['in the middle of a number', 'a 12', false, 'line 1: it ends in the middle'],
    ['in the middle of a number, OpenMetrics', 'a 12', true, 'line 1: it ends in the middle'],
    ['between two lines, OpenMetrics', 'a 12\nb 3\n', true, 'line 3: it ends without # EOF'],
    ['in the middle of # EOF', 'a 12\n# EO', true, 'line 2: it ends in the middle'],
    ['not at # EOF', 'a 12\n# EOF\nb 3\n', true, 'line 3: something follows # EOF'],
    ['not at # EOF, even with that', 'a 12\n# EOF\n# EOF', true, 'line 3: it ends in the middle'],
  ])('is refused when it ends %s', (_what, text, endMarker, words) => {
    expect(() => read(text, [], endMarker)).toThrow(new MalformedExposition(words));
  });

  it.each([
    ['# EOF', 'a 12\n# EOF\n', true],
    ['# EOF without an end of line', 'a 12\n# EOF', true],
    ['a comment that only looks like it', 'a 12\n# EOF\n', false],
  ])('may end with %s', (_what, text, endMarker) => {
    expect(read(text, [], endMarker)).toEqual([['a', {}, 12]]);
  });

  it.each([1, 2, 3, 4, 5, 6, 8, 9, 10])('number %d of LiteLLM is read whole', (number) => {
    const lines = exposition(number).split('\n');
    expect(read(exposition(number))).toHaveLength(lines.filter((line) => line !== '' && !line.startsWith('#')).length);
  });

  it('in OpenMetrics says the same as in the other format', () => {
    const plain = read(exposition(2), ['hashed_api_key', 'model']);
    const open = read(exposition(7), ['hashed_api_key', 'model'], true);
    const spend = (rows: Row[]) => rows.filter(([name]) => name === 'litellm_spend_metric_total');
    expect(spend(open)).toEqual(spend(plain));
    expect(spend(open)).toHaveLength(6);
  });
});

describe('laws', () => {
  const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/);
  const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,10}$/);
  const labels = fc.uniqueArray(fc.tuple(labelName, fc.string({ unit: 'grapheme' })), {
    maxLength: 6,
    selector: ([label]) => label,
  });
  const value = fc.double();
  const sample = fc.tuple(name, labels, value, fc.option(fc.integer({ min: 0, max: 2e12 })));
  const quoted = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const numeral = (number: number): string =>
    Number.isNaN(number) ? 'NaN' : Number.isFinite(number) ? String(number) : number > 0 ? '+Inf' : '-Inf';
  const written = ([metric, pairs, number, time]: [string, [string, string][], number, number | null]): string =>
    `${metric}{${pairs.map(([label, text]) => `${label}="${quoted(text)}"`).join(',')}} ${numeral(number)}${time === null ? '' : ` ${time}`}`;

  it('what is written is read, wherever the pieces are cut', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 6 }), (samples, cuts) => {
        const text = `${samples.map(written).join('\n')}\n# EOF\n`;
        const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((to, index) => text.slice(places[index], to));
        const wanted = samples.flatMap(([, pairs]) => pairs.map(([label]) => label));
        const found: Sample[] = [];
        const reader = readExposition({
          wanted: () => new Set(wanted),
          onSample: (one) => found.push(one),
          endMarker: true,
        });
        for (const piece of pieces) reader.write(piece);
        reader.end();
        expect(found.map((one) => [one.name, [...one.labels], one.value + 0])).toEqual(
          samples.map(([metric, pairs, number]) => [metric, pairs, number + 0]),
        );
      }),
    );
  });

  it('any text is read or refused, never anything else', () => {
    const noise = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom('a', '{', '}', '"', '\\', ',', '=', ' ', '\n', '1', '#', ' # {', 'TYPE'), {
        maxLength: 40,
      }),
    );
    fc.assert(
      fc.property(noise, fc.boolean(), (text, endMarker) => {
        try {
          read(text, ['a'], endMarker);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedExposition);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('every text that is cut short is refused, in OpenMetrics', () => {
    const text = 'a_total{x="1"} 12 # {y="2"} 3\nb 4\n# EOF';
    for (let length = 0; length < text.length; length += 1)
      expect(() => read(text.slice(0, length), ['x'], true)).toThrow(MalformedExposition);
  });
});

describe('hostile', () => {
  it('a value of a label that is too long is cut, and the sample counts', () => {
    const long = 'x'.repeat(100_000);
    expect(read(`a{x="${long}"} 1\n`, ['x'])).toEqual([['a', { x: long.slice(0, LABEL_LENGTH) }, 1]]);
  });

  it('a line that does not end is refused before it is whole, in any pieces', () => {
    const reader = readExposition({ wanted: () => undefined, onSample: () => {} });
    const piece = `a{x="${'x'.repeat(1_000)}`;
    let written = 0;
    expect(() => {
      for (; written < 10 * LINE_LENGTH; written += piece.length) reader.write(piece);
    }).toThrow(new MalformedExposition('line 1: it is too long'));
    expect(written).toBeLessThanOrEqual(LINE_LENGTH + piece.length);
    expect(() => read(`a{x="${'x'.repeat(LINE_LENGTH)}"} 1\n`)).toThrow(MalformedExposition);
  });

  it('labels named like the parts of an object are labels', () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const [row] = read(`a{${names.map((label) => `${label}="1"`).join(',')}} 1\n`, names);
    expect(row?.[2]).toBe(1);
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
  });

  it('a line in very many pieces takes time in proportion', () => {
    const reader = readExposition({ wanted: () => undefined, onSample: () => {} });
    const began = performance.now();
    for (let index = 0; index < LINE_LENGTH; index += 1) reader.write('x');
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
