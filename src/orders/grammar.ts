/**
 * Reads a text message as an order. Forgiving as a thumb in a panic, and lopsided on purpose: doubt stops, never
 * starts. A message with a sever word is a sever whatever else it says; a restore has to be nothing but a restore.
 * (Either still needs a valid code: this file only reads.)
 *
 * - Letters and digits of any script count by their plain form (Unicode NFKD, without accents), in any case; what is
 *   invisible is dropped; all else separates. A word and a code may stand together: `stop492039`.
 * - Digits that only separators part are one cluster, however they are grouped: six are a one-time password, twelve a
 *   backup code. The same six typed twice are one code.
 * - Other digits are no code. The order stays recognised, without a code, and `digits` says how many there were, so
 *   that the reply can say what is wrong. So does a restore with two different codes. A sever looks harder: of several
 *   clusters, or of the groups of one, it takes the last that is a code.
 * - One word that is not known is taken for the name of a scope. Several are chatter: a sever ignores them, and takes
 *   the first of several scopes; a restore with chatter, or with two scopes, is not understood. So a sentence that
 *   quotes RESTORE never restores.
 * - FALLBACK and PRIMARY are read only where no other order is: they may be a scope's name as well (`STOP fallback`).
 *   Like a restore, such a message has to be nothing but that.
 * - A scope is found by its letters and digits: `agent 2` is `agent-2`. See `scopeTroubles`.
 */
import { fillers, optOutWords, severFillers, unglue, type Verb, verbOf, type Wish, wishWords } from './words';

/** Twilio's limit for one message. What is longer is no text message, and not read. */
const MAX_CHARACTERS = 1600;
const CODE_DIGITS = 6;
const BACKUP_CODE_DIGITS = 12;

interface Common {
  /** Six digits: a one-time password. Never together with `backupCode`. */
  readonly code?: string;
  /** Twelve digits. */
  readonly backupCode?: string;
  /** How many digits there were besides those of the scope: tells a malformed code from a missing one. */
  readonly digits: number;
  /** The whole message is a word that providers take for an opt-out: no reply can be sent. */
  readonly bare: boolean;
}

export type ParsedMessage =
  | { [V in Verb]: { readonly kind: V; readonly scope?: string } & Common }[Verb]
  | { [W in Wish]: { readonly kind: W; readonly scope?: string } & Common }[Wish]
  | ({ readonly kind: 'unknown-scope'; readonly word: string; readonly verb: 'sever' | 'restore' } & Common)
  | { readonly kind: 'not-understood' };

/** @param scopes the configured names, in lower case. */
export function parseMessage(text: string, scopes: readonly string[]): ParsedMessage {
  if (text.length > MAX_CHARACTERS) return { kind: 'not-understood' };
  const tokens = tokenize(text);
  const bare = tokens.length === 1 && optOutWords.has(tokens[0] ?? '');
  const reading = read(tokens, scopes);

  if (bare || reading.verbs.has('sever')) return sever(reading, bare);
  for (const kind of ['status', 'help'] as const)
    if (reading.verbs.has(kind)) return { kind, ...scopeOf(reading), ...common(reading, undefined) };
  return reading.verbs.has('restore') ? restore(reading) : wish(reading);
}

/**
 * Names of scopes that a text message can't tell apart from an order or from each other, in words, for the person who
 * configures them. Empty when all is well.
 */
export function scopeTroubles(scopes: readonly string[]): readonly string[] {
  const seen = new Map<string, string>();
  return scopes.flatMap((scope) => {
    const tokens = tokenize(scope);
    const word = tokens.find((token) => verbOf(token) !== undefined);
    if (word !== undefined) return [`${scope}: ${word} is an order in a text message. Choose another name.`];
    const twin = seen.get(tokens.join(' '));
    seen.set(tokens.join(' '), scope);
    return twin === undefined ? [] : [`${scope}: reads like ${twin} in a text message. Choose another name.`];
  });
}

function sever(reading: Reading, bare: boolean): ParsedMessage {
  const rest = common(reading, lastCode(reading.clusters), bare);
  const [word, ...chatter] = reading.unknown.filter((unknown) => !severFillers.has(unknown));
  if (word === undefined || chatter.length > 0 || bare || reading.scopes.length > 0)
    return { kind: 'sever', ...scopeOf(reading), ...rest };
  return { kind: 'unknown-scope', word: word.toLowerCase(), verb: 'sever', ...rest };
}

function restore(reading: Reading): ParsedMessage {
  const [word] = reading.unknown;
  if (reading.scopes.length + reading.unknown.length > 1) return { kind: 'not-understood' };
  const rest = common(reading, onlyCode(reading.clusters));
  if (word === undefined) return { kind: 'restore', ...scopeOf(reading), ...rest };
  return { kind: 'unknown-scope', word: word.toLowerCase(), verb: 'restore', ...rest };
}

/** Which way to the models the gateway is to take, and nothing else. */
function wish(reading: Reading): ParsedMessage {
  const [wished, ...more] = [...wishWords].filter(
    ([word]) => reading.unknown.includes(word) || reading.scopes.some((scope) => scope.toUpperCase() === word),
  );
  if (!wished || more.length > 0) return { kind: 'not-understood' };
  const [word, kind] = wished;
  if (reading.unknown.some((unknown) => unknown !== word)) return { kind: 'not-understood' };
  const others = reading.scopes.filter((scope) => scope.toUpperCase() !== word);
  const [scope = reading.scopes[0], ...rest] = others;
  if (rest.length > 0) return { kind: 'not-understood' };
  return { kind, ...(scope === undefined ? {} : { scope }), ...common(reading, onlyCode(reading.clusters)) };
}

/** Runs of letters and runs of digits, in upper case; digits as ASCII. */
function tokenize(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/[\p{Cf}\p{M}]/gu, '')
    .replace(/\p{Nd}/gu, asciiDigit);
  return plain.toUpperCase().match(/\p{L}+|\d+/gu) ?? [];
}

/** The decimal digits of every script are coded in runs of ten, in order (Unicode Standard, 4.6). */
function asciiDigit(digit: string): string {
  const at = digit.codePointAt(0) ?? 0;
  let before = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(at - before - 1))) before += 1;
  return String(before % 10);
}

interface Reading {
  readonly verbs: ReadonlySet<Verb>;
  /** Each scope once, in the order in which they were named. */
  readonly scopes: readonly string[];
  readonly unknown: readonly string[];
  /** Groups of digits; a word between two groups parts them into two clusters. */
  readonly clusters: readonly (readonly string[])[];
}

function read(typed: readonly string[], names: readonly string[]): Reading {
  const known: readonly KnownScope[] = names
    .map((name) => ({ name, tokens: tokenize(name) }))
    .filter(({ tokens }) => tokens.length > 0 && !tokens.some(verbOf))
    .sort((a, b) => b.tokens.length - a.tokens.length);
  const startsScope = (word: string): boolean => known.some(({ tokens }) => tokens[0] === word);
  const words = typed.flatMap((token) => (startsScope(token) ? [token] : unglue(token, startsScope)));

  const verbs = new Set<Verb>();
  const scopes = new Set<string>();
  const unknown: string[] = [];
  const clusters: string[][] = [];
  let groups: string[] = [];
  for (let at = 0; at < words.length; ) {
    const word = words[at] ?? '';
    const scope = scopeAt(words, at, known);
    at += scope ? scope.tokens.length : 1;
    if (isDigits(word)) {
      if (groups.length === 0) clusters.push(groups);
      groups.push(word);
      continue;
    }
    groups = [];
    const verb = verbOf(word);
    if (scope) scopes.add(scope.name);
    else if (verb) verbs.add(verb);
    else if (!fillers.has(word)) unknown.push(word);
  }
  return { verbs, scopes: [...scopes], unknown, clusters };
}

interface KnownScope {
  readonly name: string;
  readonly tokens: readonly string[];
}

/** The longest name that stands here; but one that takes its last digits out of a code doesn't: `agent 2 34567`. */
function scopeAt(words: readonly string[], at: number, known: readonly KnownScope[]): KnownScope | undefined {
  const standing = known.filter(({ tokens }) => tokens.every((token, i) => words[at + i] === token));
  const codeAfter = ({ tokens }: KnownScope): boolean => {
    const rest = words.slice(at + tokens.length);
    const end = rest.findIndex((word) => !isDigits(word));
    return codeIn(end < 0 ? rest : rest.slice(0, end)) !== undefined;
  };
  return standing.length > 1 ? (standing.find(codeAfter) ?? standing[0]) : standing[0];
}

const isDigits = (word: string): boolean => /^\d/.test(word);

const isCode = (digits: string): boolean => digits.length === CODE_DIGITS || digits.length === BACKUP_CODE_DIGITS;

function codeIn(cluster: readonly string[]): string | undefined {
  const digits = cluster.join('');
  const half = digits.slice(0, CODE_DIGITS);
  if (cluster.length === 2 && digits === half + half) return half;
  return isCode(digits) ? digits : undefined;
}

const lastCode = (clusters: Reading['clusters']): string | undefined =>
  clusters.map((cluster) => codeIn(cluster) ?? cluster.findLast(isCode)).findLast((code) => code !== undefined);

function onlyCode(clusters: Reading['clusters']): string | undefined {
  const codes = new Set(clusters.map(codeIn));
  return codes.size === 1 ? [...codes][0] : undefined;
}

function common(reading: Reading, code: string | undefined, bare = false): Common {
  const digits = reading.clusters.flat().join('').length;
  if (code === undefined) return { digits, bare };
  return code.length === CODE_DIGITS ? { code, digits, bare } : { backupCode: code, digits, bare };
}

const scopeOf = ({ scopes: [scope] }: Reading): { readonly scope?: string } => (scope === undefined ? {} : { scope });
