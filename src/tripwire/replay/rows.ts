import type { Reading } from '../reading';
import { COUNTING_SINCE, isHeader, type Layout, layoutOf, OPTIONAL, PLAIN, WIDEST } from './columns';
import { cut, numberOf, plainNumber, quotedFields } from './fields';
import { Lines, LONGEST_LINE } from './lines';

/** One row of a recording. */
export interface Row extends Reading {
  readonly team?: string;
  readonly alias?: string;
}

/** Why a row is left out. A closed list, with its words. */
export const rowFaults = {
  fields: 'not as many fields as columns',
  quote: 'a quote that is out of place, or not closed in its line',
  time: 'ts is no time in seconds since 1970',
  milliseconds: 'ts is in milliseconds; write seconds',
  key: 'no key, or one of more than 256 characters',
  number: 'a total that is no number of at least 0',
  long: `a line of more than ${LONGEST_LINE} bytes`,
} as const;
export type RowFault = keyof typeof rowFaults;

/** A look that showed no counter at all: a row without key, model and amounts. */
export type EmptyLook = Pick<Row, 'at' | 'source' | 'process'>;

export interface RowSink {
  row(row: Row): void;
  look(look: EmptyLook): void;
  /** @param line counted from 1. */
  fault(fault: RowFault, line: number): void;
}

const LONGEST_NAME = 256;
/** Seconds: the year 5138. A time in milliseconds is beyond it since 1973. */
const LATEST = 1e11;
/** Names that are held so that each of them is there once; a recording with more begins anew. */
const NAMES = 20_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The rows of a recording. Plain rows, which is nearly all of them, are read from the bytes, without a text for each
 * field. A header may stand anywhere, so that files can be put behind one another; without one the columns are the
 * plain ones. Blank lines are nothing.
 */
export class Rows {
  private readonly lines = new Lines({
    line: (bytes, from, to, number) => this.take(bytes, from, to, number),
    tooLong: (number) => this.sink.fault('long', number),
  });
  private readonly ends = new Int32Array(WIDEST);
  private names = new Map<string, string>();
  private layout: Layout = PLAIN;
  /** The names in the header that was read last; undefined before the first one. */
  header: readonly string[] | undefined;

  constructor(private readonly sink: RowSink) {}

  /** @throws NotSamples */
  push(chunk: Buffer): void {
    this.lines.push(chunk);
  }

  /** @throws NotSamples */
  end(): void {
    this.lines.end();
  }

  private take(bytes: Buffer, from: number, to: number, number: number): void {
    const found = this.plain(bytes, from, to) ?? this.unusual(bytes.toString('utf8', from, to), number);
    if (typeof found === 'string') this.sink.fault(found, number);
    else if (found?.key === '') this.sink.look(found);
    else if (found) this.sink.row(found);
  }

  /** Undefined when it takes a closer look. */
  private plain(bytes: Buffer, from: number, to: number): Row | RowFault | undefined {
    const { ends, layout } = this;
    if (cut(bytes, from, to, ends) !== layout.width) return undefined;
    const begin = (i: number): number => (i === 0 ? from : (ends[i - 1] as number) + 1);
    const end = (i: number): number => ends[i] as number;
    const amount = (i: number): number => {
      const plain = plainNumber(bytes, begin(i), end(i));
      return plain >= 0 ? plain : numberOf(bytes.toString('utf8', begin(i), end(i)));
    };
    const ts = amount(layout.at.ts);
    // What is no number may be the name of a column.
    if (Number.isNaN(ts)) return undefined;
    return this.judge(ts, amount, (i) =>
      begin(i) === end(i) ? '' : this.named(bytes.toString('utf8', begin(i), end(i))),
    );
  }

  private unusual(line: string, number: number): Row | RowFault | undefined {
    if (line.trim() === '') return undefined;
    const fields = quotedFields(line);
    if (!fields) return 'quote';
    if (isHeader(fields)) {
      this.layout = layoutOf(fields, number);
      this.header = fields;
      return undefined;
    }
    if (fields.length !== this.layout.width) return 'fields';
    const field = (i: number): string => fields[i] ?? '';
    const amount = (i: number): number => numberOf(field(i));
    return this.judge(amount(this.layout.at.ts), amount, (i) => this.named(field(i)));
  }

  private judge(ts: number, amount: (i: number) => number, text: (i: number) => string): Row | RowFault {
    const { at } = this.layout;
    if (!(ts > 0)) return 'time';
    if (ts >= LATEST) return 'milliseconds';
    const key = text(at.key);
    if (key.length > LONGEST_NAME) return 'key';
    const spendUsd = amount(at.spend_total);
    const promptTokens = amount(at.prompt_tokens_total);
    const completionTokens = amount(at.completion_tokens_total);
    if (!(spendUsd + promptTokens + completionTokens < Number.POSITIVE_INFINITY)) return 'number';
    const model = text(at.model);
    if (key === '' && (model !== '' || spendUsd + promptTokens + completionTokens > 0)) return 'key';
    const row: Mutable<Row> = {
      at: Math.round(ts * 1000),
      key,
      model,
      spendUsd,
      promptTokens,
      completionTokens,
    };
    for (const column of OPTIONAL) {
      const i = at[column];
      const value = i === undefined ? '' : text(i);
      if (value !== '') row[column] = value;
    }
    const since = at[COUNTING_SINCE] === undefined ? Number.NaN : amount(at[COUNTING_SINCE]);
    if (since > 0 && since < LATEST) row.countingSince = Math.round(since * 1000);
    return row;
  }

  /** One text a name, however many rows bear it: what is kept of a row then holds nothing of the file. */
  private named(text: string): string {
    const known = this.names.get(text);
    if (known !== undefined) return known;
    if (this.names.size >= NAMES) this.names = new Map();
    this.names.set(text, text);
    return text;
  }
}
