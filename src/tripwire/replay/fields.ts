const [COMMA, QUOTE, DOT, ZERO, NINE] = [0x2c, 0x22, 0x2e, 0x30, 0x39];

/** More digits than these, and a float may be off by its last one. */
const EXACT_DIGITS = 15;
const TENS = Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => 10 ** i);

/**
 * Finds the fields of a line: `ends[i]` becomes the position behind field i.
 * @returns how many there are, at most one more than fit into `ends`; -1 when there is a quote in the line.
 */
export function cut(bytes: Buffer, from: number, to: number, ends: Int32Array): number {
  let count = 0;
  for (let i = from; i < to; i += 1) {
    const byte = bytes[i];
    if (byte === COMMA) {
      if (count < ends.length) ends[count] = i;
      count += 1;
    } else if (byte === QUOTE) return -1;
  }
  if (count < ends.length) ends[count] = to;
  return Math.min(count + 1, ends.length + 1);
}

/** A plain decimal number without a sign; -1 for anything else, which `numberOf` may still know. */
export function plainNumber(bytes: Buffer, from: number, to: number): number {
  let digits = 0;
  let value = 0;
  let point = -1;
  for (let i = from; i < to; i += 1) {
    const byte = bytes[i] as number;
    if (byte === DOT && point === -1) point = i;
    else if (byte < ZERO || byte > NINE) return -1;
    else {
      value = value * 10 + (byte - ZERO);
      digits += 1;
    }
  }
  if (digits === 0 || digits > EXACT_DIGITS) return -1;
  // Both are exact, and a division of floats is rounded once: the same as the nearest float to what is written.
  return point === -1 ? value : value / (TENS[to - point - 1] as number);
}

const NUMBER = /^(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

/** @returns NaN for what is no number of at least 0. */
export function numberOf(text: string): number {
  const trimmed = text.trim();
  return NUMBER.test(trimmed) ? Number(trimmed) : Number.NaN;
}

const FIELD = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;

/** The fields of a line that has quotes in it (RFC 4180, but a field ends with its line); undefined when it is none. */
export function quotedFields(line: string): readonly string[] | undefined {
  const fields: string[] = [];
  FIELD.lastIndex = 0;
  for (;;) {
    const [, quoted, plain = '', end] = FIELD.exec(line) ?? [];
    if (end === undefined) return undefined;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') return fields;
  }
}
