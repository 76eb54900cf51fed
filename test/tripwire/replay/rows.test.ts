import fc from 'fast-check';
import { NotSamples } from '../../../src/tripwire/replay/columns';
import { LONGEST_LINE } from '../../../src/tripwire/replay/lines';
import { type EmptyLook, type Row, type RowFault, Rows } from '../../../src/tripwire/replay/rows';

const HEADER = 'ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total';

interface Read {
  readonly rows: readonly Row[];
  readonly faults: readonly (readonly [RowFault, number])[];
  readonly looks?: readonly EmptyLook[];
}

function read(...chunks: readonly (string | Uint8Array)[]): Read {
  const rows: Row[] = [];
  const faults: (readonly [RowFault, number])[] = [];
  const looks: EmptyLook[] = [];
  const reader = new Rows({
    row: (row) => rows.push(row),
    look: (look) => looks.push(look),
    fault: (fault, line) => faults.push([fault, line]),
  });
  for (const chunk of chunks) reader.push(Buffer.from(chunk as string));
  reader.end();
  return { rows, faults, ...(looks.length > 0 ? { looks } : {}) };
}

const a = { at: 1_700_000_000_000, key: 'k', model: 'm', spendUsd: 0.5, promptTokens: 10, completionTokens: 2 };

describe('a row', () => {
  it.each<[string, string, Partial<Row>]>([
    ['plain', '1700000000,k,m,0.5,10,2', {}],
    ['with a fraction of a second', '1700000000.25,k,m,0.5,10,2', { at: 1_700_000_000_250 }],
    ['with another end', '1700000000,k,m,0.5,10,2\r', {}],
    ['in scientific notation, as Prometheus writes', '1.7e+09,k,m,5e-1,1e1,2.0', {}],
    ['with spaces around numbers', ' 1700000000 ,k,m, 0.5,10 ,2', {}],
    ['with quotes', '"1700000000","k","m","0.5","10","2"', {}],
    ['with a comma and a quote in a field', '1700000000,"a, ""b""",m,.5,10.,2', { key: 'a, "b"' }],
    ['of a key that is not ASCII', '1700000000,schlüssel-✂,m,0.5,10,2', { key: 'schlüssel-✂' }],
    ['without a model', '1700000000,k,,0.5,10,2', { model: '' }],
    [
      'with more digits than a plain number may have',
      '1700000000,k,m,0.50000000000000011,10,2',
      { spendUsd: 0.5000000000000001 },
    ],
    ['with nothing spent', '1700000000,k,m,0,0,0.000000', { spendUsd: 0, promptTokens: 0, completionTokens: 0 }],
  ])('%s', (_, line, differs) => {
    expect(read(`${line}\n`)).toEqual({ rows: [{ ...a, ...differs }], faults: [] });
  });

  it.each<[RowFault, string]>([
    ['fields', '1700000000,k,m,0.5,10'],
    ['fields', '1700000000,k,m,0.5,10,2,3'],
    ['fields', `${'x,'.repeat(200)}x`],
    ['fields', 'some text'],
    ['quote', '1700000000,"k,m,0.5,10,2'],
    ['quote', '1700000000,k"k,m,0.5,10,2'],
    ['quote', '1700000000,"k"k,m,0.5,10,2'],
    ['time', ',k,m,0.5,10,2'],
    ['time', 'yesterday,k,m,0.5,10,2'],
    ['time', '-5,k,m,0.5,10,2'],
    ['time', '0,k,m,0.5,10,2'],
    ['milliseconds', '1700000000000,k,m,0.5,10,2'],
    ['key', '1700000000,,m,0.5,10,2'],
    ['key', `1700000000,${'k'.repeat(257)},m,0.5,10,2`],
    ['number', '1700000000,k,m,,10,2'],
    ['number', '1700000000,k,m,0.5, ,2'],
    ['number', '1700000000,k,m,0.5,10,-2'],
    ['number', '1700000000,k,m,NaN,10,2'],
    ['number', '1700000000,k,m,+Inf,10,2'],
    ['number', '1700000000,k,m,1e999,10,2'],
    ['number', '1700000000,k,m,0x10,10,2'],
    ['number', '1700000000,k,m,0.5.1,10,2'],
    ['number', '1700000000,k,m,.,10,2'],
    ['long', `1700000000,k,${'m'.repeat(LONGEST_LINE)},0.5,10,2`],
  ])('is left out for its %s, with its line, and the next one is read: %#', (fault, line) => {
    expect(read(`${HEADER}\n\n${line}\n1700000000,k,m,0.5,10,2`)).toEqual({ rows: [a], faults: [[fault, 3]] });
  });
});

it('a row without key, model and amounts is a look that showed nothing', () => {
  const header = `${HEADER},source,process\n`;
  const { rows, faults, looks } = read(
    `${header}1700000000,,,0,0,0,s,p\n1700000000,,m,0,0,0,s,p\n1700000000,,,0,0,1,s,p\n`,
  );
  expect(looks).toMatchObject([{ at: 1_700_000_000_000, source: 's', process: 'p' }]);
  expect([rows, faults]).toEqual([
    [],
    [
      ['key', 3],
      ['key', 4],
    ],
  ]);
});

describe('a header', () => {
  it.each([
    ['is not needed', ''],
    ['has a byte order mark', `\ufeff${HEADER}\n`],
    ['has a byte order mark before a quote', `\ufeff${HEADER.replace('ts', '"ts"')}\n`],
    ['has quotes and capitals', `${HEADER.replace('ts,key', '"TS", Key')}\n`],
    ['comes after blank lines', `\n  \r\n${HEADER}\r\n`],
  ])('%s', (_, header) => {
    expect(read(`${header}1700000000,k,m,0.5,10,2\n`)).toEqual({ rows: [a], faults: [] });
  });

  it('says in which order the columns are, and a later one says it anew', () => {
    const other = 'team,completion_tokens_total,ignored,prompt_tokens_total,spend_total,model,key,process,ts,source';
    const text = `${other}\nred,2,x,10,0.5,m,k,p1,1700000000,s1\n,2,x,10,0.5,m,k,,1700000000,\n${HEADER}\n1700000000,k,m,0.5,10,2`;
    expect(read(text)).toEqual({ rows: [{ ...a, team: 'red', process: 'p1', source: 's1' }, a, a], faults: [] });
  });

  it.each([
    ['lacks a column', 'ts,key,model,spend_total', /line 2: the header lacks prompt_tokens_total, completion_tokens/],
    ['names one twice', `${HEADER},key`, /line 2: the header names key twice/],
    ['has too many', `${HEADER}${',x'.repeat(59)}`, /line 2: the header names more than 64 columns/],
  ])('that %s is no recording', (_, header, message) => {
    expect(() => read(`\n${header}\n`)).toThrow(NotSamples);
    expect(() => read(`\n${header}\n`)).toThrow(message);
  });
});

/** Texts of all the pieces that matter to a reader, whole rows among them. */
const text = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('1700000000,k,m,0.5,10,2\n', '1700000010.5,"a,b",m,1e-3,5,5\r\n') },
      {
        weight: 1,
        arbitrary: fc.constantFrom(`${HEADER}\n`, '\n', '\r\n', '"', ',', '1700000000', 'é✂', '\ufeff', 'k'),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

describe('laws', () => {
  it('wherever the chunks end, the rows are the same', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 12 }), (whole, cuts) => {
        const bytes = Buffer.from(whole);
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((x, y) => x - y);
        const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(read(...chunks)).toEqual(read(bytes));
      }),
    );
  });

  it('also for one byte at a time, and for a line that is too long', () => {
    const bytes = Buffer.from(`${HEADER}\n${'x'.repeat(LONGEST_LINE + 1)}\n1700000000,schlüssel,m,0.5,10,2\r\n`);
    const whole = read(bytes);
    expect(whole).toEqual({ rows: [{ ...a, key: 'schlüssel' }], faults: [['long', 2]] });
    expect(read(...[...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it('numbers are the nearest floats to what is written, and quotes change nothing', () => {
    const number = fc.oneof(
      fc.double({ min: 0, max: 1e15, noNaN: true }).map(String),
      fc
        .tuple(fc.nat(999_999_999), fc.nat(999_999))
        .map(([whole, part]) => `${whole}.${String(part).padStart(6, '0')}`),
      fc.nat().map(String),
    );
    fc.assert(
      fc.property(number, number, number, (spend, prompt, completion) => {
        const { rows } = read(`1700000000,k,m,${spend},${prompt},${completion}`);
        expect(rows).toEqual([
          { ...a, spendUsd: Number(spend), promptTokens: Number(prompt), completionTokens: Number(completion) },
        ]);
        expect(read(`"1700000000",k,m,${spend},"${prompt}",${completion}`).rows).toEqual(rows);
      }),
    );
  });

  it('nothing makes it throw but a header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(NotSamples);
        }
      }),
    );
  });
});
