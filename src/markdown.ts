import { printable } from './printable';

/** What begins something in CommonMark or in GitHub's Markdown, wherever it stands in a line. */
const MEANS_SOMETHING = /[\\`*_{}[\]<>#!|~&@$^]|:(?=\/\/)|(?<=www)\./gi;

/**
 * Text from outside for Markdown: one line that is read as it was written, in a paragraph and in a cell of a table alike.
 * Not for the beginning of a line, where more means something (a dash, a number).
 */
export const markdownText = (text: string): string =>
  printable(text.replace(/\s+/gu, ' '))
    .trim()
    .replace(MEANS_SOMETHING, (one) => `\\${one}`);
