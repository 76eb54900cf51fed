/**
 * Reads the text formats of Prometheus 0.0.4 and OpenMetrics 1.0 piece by piece, as they come off the wire. Every line
 * is checked; only the samples and labels that are asked for are kept. Fails as a whole, as Prometheus does: half an
 * exposition would read like counters that stand still. Source: the two specifications, and Python's prometheus_client,
 * which LiteLLM writes with.
 */

export interface Sample {
  readonly name: string;
  readonly value: number;
  /** The labels that were asked for. Values longer than `LABEL_LENGTH` are cut. */
  readonly labels: ReadonlyMap<string, string>;
  /** Name and all labels as written: no two samples of one exposition may have it in common. */
  readonly series: string;
}

export interface ExpositionOptions {
  /** The labels to keep of samples of this name; undefined leaves them out. Asked for every sample. */
  readonly wanted: (name: string) => ReadonlySet<string> | undefined;
  readonly onSample: (sample: Sample) => void;
  /** A family that is declared, with samples or without. */
  readonly onType?: (name: string) => void;
  /** OpenMetrics: it isn't whole without `# EOF`. */
  readonly endMarker?: boolean;
}

export interface Exposition {
  /** @throws MalformedExposition */
  write(text: string): void;
  /** All of it was written. @throws MalformedExposition when it ends in the middle. */
  end(): void;
  /** All samples so far, wanted or not. */
  readonly samples: number;
}

/** Says where and what, never the content: whoever sends requests has a hand in it. */
export class MalformedExposition extends Error {}

/** Characters. */
export const LINE_LENGTH = 1_048_576;
export const LABEL_LENGTH = 1_024;

const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;

const NUMBER = /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf|infinity|nan)$/i;
const NO_LABELS: ReadonlyMap<string, string> = new Map();

export function readExposition({ wanted, onSample, onType, endMarker = false }: ExpositionOptions): Exposition {
  /** A line that has begun, in the pieces that it came in. */
  let begun: string[] = [];
  let begunLength = 0;
  let line = 0;
  let samples = 0;
  let ended = false;

  const fail = (what: string): never => {
    throw new MalformedExposition(`line ${line}: ${what}`);
  };

  /** Reads `{…}` from its opening brace on. Answers the place behind it. */
  function readLabels(text: string, start: number, end: number, keep?: ReadonlySet<string>, into?: Labels): number {
    let at = skipBlanks(text, start + 1, end);
    while (text.charCodeAt(at) !== CLOSE) {
      const nameEnd = skipName(text, at, end, false);
      if (nameEnd === at) fail('a label has no name');
      const name = keep && text.slice(at, nameEnd);
      at = skipBlanks(text, nameEnd, end);
      if (text.charCodeAt(at) !== EQUALS) fail('a label has no value');
      at = skipBlanks(text, at + 1, end);
      if (text.charCodeAt(at) !== QUOTE) fail('a label value is not quoted');
      const valueStart = at + 1;
      let escaped = false;
      for (at = valueStart; at < end; at += 1) {
        const code = text.charCodeAt(at);
        if (code === QUOTE) break;
        if (code !== BACKSLASH) continue;
        escaped = true;
        at += 1;
      }
      if (at >= end) fail('a label value does not end');
      if (name !== undefined && keep?.has(name)) {
        const raw = text.slice(valueStart, Math.min(at, valueStart + LABEL_LENGTH));
        into?.set(name, escaped ? unescaped(raw) : raw);
      }
      at = skipBlanks(text, at + 1, end);
      const code = text.charCodeAt(at);
      if (code === COMMA) at = skipBlanks(text, at + 1, end);
      else if (code !== CLOSE) fail('the labels do not end');
    }
    return at + 1;
  }

  /** Reads a value, and a timestamp that may follow. Answers the place behind them. */
  function readNumbers(text: string, start: number, end: number): { value: number; next: number } {
    const from = skipBlanks(text, start, end);
    const to = skipWord(text, from, end);
    const value = numberOf(text.slice(from, to));
    if (value === undefined) return fail('a value is not a number');
    const next = skipBlanks(text, to, end);
    if (next === end || text.charCodeAt(next) === HASH) return { value, next };
    const after = skipWord(text, next, end);
    if (numberOf(text.slice(next, after)) === undefined) fail('a timestamp is not a number');
    return { value, next: skipBlanks(text, after, end) };
  }

  function readSample(text: string, start: number, end: number): void {
    let at = skipName(text, start, end, true);
    if (at === start) fail('it is no metric');
    const name = text.slice(start, at);
    const keep = wanted(name);
    let labels = NO_LABELS;
    at = skipBlanks(text, at, end);
    if (text.charCodeAt(at) === OPEN) {
      const into: Labels | undefined = keep && new Map();
      at = readLabels(text, at, end, keep, into);
      if (into) labels = into;
    } else if (!isBlank(text.charCodeAt(at - 1))) fail('a metric has no value');
    const series = at;
    const { value, next } = readNumbers(text, at, end);
    if (next < end) readExemplar(text, next, end);
    samples += 1;
    if (keep) onSample({ name, value, labels, series: text.slice(start, series).trimEnd() });
  }

  function readExemplar(text: string, start: number, end: number): void {
    const open = skipBlanks(text, start + 1, end);
    if (text.charCodeAt(start) !== HASH || text.charCodeAt(open) !== OPEN) fail('something follows the value');
    if (readNumbers(text, readLabels(text, open, end), end).next !== end) fail('something follows the exemplar');
  }

  function readComment(text: string, start: number, end: number): void {
    const comment = text.slice(start, Math.min(end, start + LABEL_LENGTH));
    if (endMarker && comment === '# EOF') ended = true;
    const name = /^#[ \t]+TYPE[ \t]+([^ \t]+)/.exec(comment)?.[1];
    if (name !== undefined) onType?.(name);
  }

  function readLine(text: string, from: number, end: number): void {
    line += 1;
    if (end - from > LINE_LENGTH) fail('it is too long');
    const start = skipBlanks(text, from, end);
    if (ended) fail('something follows # EOF');
    if (start === end) return;
    if (text.charCodeAt(start) === HASH) readComment(text, start, end);
    else readSample(text, start, end);
  }

  return {
    write(piece) {
      let end = piece.indexOf('\n');
      if (end < 0) {
        begun.push(piece);
        begunLength += piece.length;
        if (begunLength <= LINE_LENGTH) return;
        line += 1;
        fail('it is too long');
      }
      const text = begun.join('') + piece;
      end += begunLength;
      let from = 0;
      for (; end >= 0; end = text.indexOf('\n', from)) {
        readLine(text, from, end);
        from = end + 1;
      }
      begun = [text.slice(from)];
      begunLength = text.length - from;
    },
    end() {
      const rest = begun.join('');
      if (endMarker && rest === '# EOF' && !ended) return;
      line += 1;
      if (rest !== '') fail('it ends in the middle');
      if (endMarker && !ended) fail('it ends without # EOF');
    },
    get samples() {
      return samples;
    },
  };
}

type Labels = Map<string, string>;

const isBlank = (code: number): boolean => code === SPACE || code === TAB;

function skipBlanks(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

function skipWord(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && !isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

function skipName(text: string, from: number, end: number, colon: boolean): number {
  let at = from;
  for (; at < end; at += 1) {
    const code = text.charCodeAt(at);
    const letter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || (colon && code === 58);
    if (!letter && !(at > from && code >= 48 && code <= 57)) break;
  }
  return at;
}

/** `1.24425e+06`, `+Inf`, `NaN`; undefined for anything else that JavaScript would take for a number. */
function numberOf(text: string): number | undefined {
  if (!NUMBER.test(text)) return undefined;
  const value = Number(text);
  if (!Number.isNaN(value)) return value;
  if (/nan/i.test(text)) return Number.NaN;
  return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

const unescaped = (text: string): string =>
  text.replace(/\\(.?)/gs, (whole, code: string) =>
    code === 'n' ? '\n' : code === '' ? '' : /["\\]/.test(code) ? code : whole,
  );
