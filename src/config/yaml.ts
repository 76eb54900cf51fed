import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type ConfigPath, dotted, type Fault } from './fault';

/** YAML as values, with the line that each of them stands in. */
export interface ParsedYaml {
  readonly value: unknown;
  /** Keys that are there twice: the rest can still be judged. */
  readonly duplicates: readonly Fault[];
  /** The text is no YAML: nothing can be said of `value`. */
  readonly broken: readonly Fault[];
  /** Line of the value, or of what would have held it. */
  lineOf(path: ConfigPath): number | undefined;
}

/** The library's own messages may quote the text, and a secret with it. */
const advice: Partial<Record<string, string>> = {
  BAD_ALIAS: 'this alias (*) or anchor (&) is wrong; quote the value if none was meant',
  BAD_INDENT: 'the indentation is wrong; line it up with its neighbours',
  BAD_SCALAR_START: 'a value that begins like this has to be quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a second key in the same line; quote the value or begin a new line',
  MISSING_CHAR: 'something is missing here: a quote, a colon or a bracket',
  MULTIPLE_DOCS: 'a second document begins here; keep one',
  TAB_AS_INDENT: 'a tab; indent with spaces',
};

export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    stringKeys: true,
    uniqueKeys: false,
    resolveKnownTags: false,
  });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const broken = firstOfEachLine(
    document.errors.map(({ code, pos: [offset] }) => ({
      path: '',
      line: lineAt(offset),
      message: advice[code] ?? `this is not YAML (${code})`,
    })),
  );
  return {
    ...toValue(document, broken),
    duplicates: broken.length > 0 ? [] : duplicatesOf(document.contents, [], lineAt),
    lineOf: (path) => {
      const offset = offsetOf(document, path);
      return offset === undefined ? undefined : lineAt(offset);
    },
  };
}

/** One slip makes several errors; the first is nearest to its cause. */
function firstOfEachLine(faults: readonly Fault[]): readonly Fault[] {
  const first = new Map<number | undefined, Fault>();
  for (const fault of faults) if (!first.has(fault.line)) first.set(fault.line, fault);
  return [...first.values()];
}

function toValue(document: Document, broken: readonly Fault[]): { value: unknown; broken: readonly Fault[] } {
  if (broken.length > 0) return { value: undefined, broken };
  try {
    return { value: document.toJS(), broken };
  } catch {
    return { value: undefined, broken: [{ path: '', message: 'an alias (*) leads nowhere, or to too much' }] };
  }
}

function duplicatesOf(node: unknown, path: ConfigPath, lineAt: (offset: number) => number): Fault[] {
  if (isSeq(node)) return node.items.flatMap((item, i) => duplicatesOf(item, [...path, i], lineAt));
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap(({ key, value }) => {
    const name = keyName(key);
    const here = [...path, name];
    const line = lineAt(offsetOfNode(key) ?? 0);
    const twice = seen.has(name) ? [{ path: dotted(here), line, message: 'this key is there twice; keep one' }] : [];
    seen.add(name);
    return [...twice, ...duplicatesOf(value, here, lineAt)];
  });
}

/** Follows the path as far as it goes. */
function offsetOf(document: Document, path: ConfigPath): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => keyName(key) === step);
      offset = offsetOfNode(pair?.key) ?? offset;
      node = pair?.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = offsetOfNode(node) ?? offset;
    } else break;
  }
  return offset;
}

const keyName = (key: unknown): string => String(isScalar(key) ? key.value : key);

const offsetOfNode = (node: unknown): number | undefined => (node as Partial<Node> | null | undefined)?.range?.[0];
