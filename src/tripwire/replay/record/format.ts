import { COUNTING_SINCE, OPTIONAL, REQUIRED } from '../columns';
import type { Row } from '../rows';

/** What a recording of ours tells of each look. */
export const COLUMNS = [...REQUIRED, ...OPTIONAL, COUNTING_SINCE] as const;

export const HEADER = `${COLUMNS.join(',')}\n`;

/** One line, as `Rows` reads it. Numbers are written so that the same ones are read. */
export function lineOf({
  at,
  key,
  model,
  spendUsd,
  promptTokens,
  completionTokens,
  countingSince,
  ...more
}: Row): string {
  const numbers = [spendUsd, promptTokens, completionTokens];
  const texts = OPTIONAL.map((column) => field(more[column] ?? ''));
  const since = countingSince === undefined ? '' : countingSince / 1000;
  return `${[at / 1000, field(key), field(model), ...numbers, ...texts, since].join(',')}\n`;
}

/** What a reader takes for a name. */
const LONGEST = 256;

/** A row ends with its line, so nothing in it may begin one. */
function field(text: string): string {
  const plain = text.slice(0, LONGEST).replace(/\p{Cc}/gu, ' ');
  return /[",]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
