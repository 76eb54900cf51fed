/**
 * Text from outside for a terminal: without control characters, which could steer it, and without invisible ones,
 * which could turn what is read around.
 */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');

/**
 * JSON that does a terminal no harm, with the same characters as JSON's own escapes: a program reads what it read
 * before. JSON.stringify escapes the C0 controls alone; all others can only stand within strings.
 */
export const harmless = (json: string): string =>
  json.replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (characters) =>
    Array.from({ length: characters.length }, (_, at) => `\\u${hex(characters.charCodeAt(at))}`).join(''),
  );

const hex = (unit: number): string => unit.toString(16).padStart(4, '0');

/** One line of such JSON. */
export const jsonLine = (value: unknown): string => harmless(JSON.stringify(value));
