/**
 * Text from outside for a terminal: without control characters, which could steer it, and without invisible ones,
 * which could turn what is read around.
 */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
