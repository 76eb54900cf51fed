/**
 * What fits into a text message: one segment, at most 160 characters of ASCII that GSM 03.38 has in its basic table, so
 * that none costs two, none is split, and none arrives as boxes. What doesn't fit is cut at the end of a sentence or of
 * a list, never in the middle of a fact.
 */
export const MAX_TEXT = 160;

/** The sentences that fit, in order. The first always stands, cut if need be. */
export function segment(parts: readonly string[]): string {
  return parts
    .map(plain)
    .filter((sentence) => sentence !== '')
    .reduce((all, sentence) => {
      if (all === '') return sentence.slice(0, MAX_TEXT).trim();
      const longer = `${all} ${sentence}`;
      return longer.length <= MAX_TEXT ? longer : all;
    }, '');
}

/** `head` a, b, +3 more `tail`. */
export function cutList(head: string, items: readonly string[], tail: string): string {
  const clean = items.map(plain).filter((item) => item !== '');
  for (let shown = clean.length; shown > 0; shown -= 1) {
    const more = shown < clean.length ? [`+${clean.length - shown} more`] : [];
    const whole = head + [...clean.slice(0, shown), ...more].join(', ') + tail;
    if (whole.length <= MAX_TEXT) return whole;
  }
  return head + shorten(clean[0] ?? '', MAX_TEXT - head.length - tail.length) + tail;
}

/** At most so many characters: whole clauses if any fits, else whole words, else what fits. */
function shorten(item: string, room: number): string {
  if (item.length <= room) return item;
  const fits = item.slice(0, room + 1);
  const end = [/^.*(?=[.;:] )/, /^.*(?=[.;:,]? )/]
    .map((part) => part.exec(fits)?.[0] ?? '')
    .find((part) => part !== '');
  return end ?? item.slice(0, room).trimEnd();
}

/** GSM 03.38 has no backtick, and the other replaced characters cost two there. */
const substitutes: Readonly<Record<string, string>> = {
  '`': "'",
  '^': "'",
  '[': '(',
  ']': ')',
  '{': '(',
  '}': ')',
  '|': '/',
  '\\': '/',
  '~': '-',
};
export const plain = (s: string): string =>
  s
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/\s+/g, ' ')
    .replace(/[`^[\]{}|\\~]/g, (c) => substitutes[c] ?? '?')
    .replace(/[^\x20-\x7e]/gu, '?')
    .trim();

export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
/** At least 0.1 s: 0.0 reads as if nobody had looked. */
export const seconds = (ms: number): string => `${(Math.max(ms, 100) / 1000).toFixed(1)} s`;
