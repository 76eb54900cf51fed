/** What a recording has to tell of each look, in the order in which it is written. */
export const REQUIRED = [
  'ts',
  'key',
  'model',
  'spend_total',
  'prompt_tokens_total',
  'completion_tokens_total',
] as const;

/**
 * What it may tell besides. `source`: which proxy was asked, where several are watched; `process`: which counting
 * process answered, where that is known; `team`: whom the key belongs to; `alias`: what a person calls it.
 */
export const OPTIONAL = ['source', 'process', 'team', 'alias'] as const;

/** When the counters of the process began, in seconds since 1970, where the proxy says so. */
export const COUNTING_SINCE = 'counting_since';

export type Column = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number] | typeof COUNTING_SINCE;

/** Where each column stands in a row, counted from 0. */
export interface Layout {
  readonly width: number;
  readonly at: Readonly<Partial<Record<Column, number>>> & Readonly<Record<(typeof REQUIRED)[number], number>>;
}

/** Columns of a row at most. */
export const WIDEST = 64;

/** The file as a whole is no recording: nothing can be made of it. */
export class NotSamples extends Error {
  override readonly name = 'NotSamples';
}

/** A row that names its columns rather than holding numbers. */
export const isHeader = (fields: readonly string[]): boolean => fields.some((field) => clean(field) === 'ts');

/**
 * @param line for the message, counted from 1.
 * @throws NotSamples when a column is missing or there twice.
 */
export function layoutOf(fields: readonly string[], line: number): Layout {
  const names = fields.map(clean);
  const missing = REQUIRED.filter((column) => !names.includes(column));
  if (missing.length > 0) throw new NotSamples(`line ${line}: the header lacks ${missing.join(', ')}`);
  if (names.length > WIDEST) throw new NotSamples(`line ${line}: the header names more than ${WIDEST} columns`);
  const known = [...REQUIRED, ...OPTIONAL, COUNTING_SINCE].filter((column) => names.includes(column));
  const twice = known.find((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice) throw new NotSamples(`line ${line}: the header names ${twice} twice`);
  const at = Object.fromEntries(known.map((column) => [column, names.indexOf(column)])) as Layout['at'];
  return { width: names.length, at };
}

const clean = (field: string): string => field.trim().toLowerCase();

/** Where there is no header. */
export const PLAIN: Layout = layoutOf(REQUIRED, 0);
