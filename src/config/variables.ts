import type { ConfigPath, Finding } from './fault';

/** Options that the environment gives when the file leaves them out. */
export const fromEnvironment = {
  key: 'PULLCORD_KEY',
  databaseUrl: 'DATABASE_URL',
  redisUrl: 'REDIS_URL',
  dataDir: 'PULLCORD_DATA_DIR',
} as const;

/** What stands in the environment: the value, nothing, or a fault in words without the value. */
type Lookup =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'fault'; readonly message: string };

export interface Variables {
  /** `NAME`, or the content of the file that `NAME_FILE` names. An empty variable counts as not set. */
  lookup(name: string): Lookup;
  /**
   * Puts the environment into all strings of a value: `${NAME}` and `${NAME:-default}`; `$${` is a plain `${`.
   * What is empty afterwards counts as left out. What could not be filled in is left out, and a fault.
   */
  expand(value: Record<string, unknown>): {
    readonly value: Record<string, unknown>;
    readonly findings: readonly Finding[];
  };
}

const REFERENCE = /\$?\$\{([^}]*)\}?/g;
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** @param readFile throws when there is no such file. */
export function variables(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): Variables {
  const lookup = (name: string): Lookup => {
    const value = env[name];
    const file = env[`${name}_FILE`];
    if (value && file) return { kind: 'fault', message: `${name} and ${name}_FILE are both set; keep one` };
    if (value) return { kind: 'value', value };
    if (!file) return { kind: 'none' };
    try {
      const content = readFile(file).replace(/\r?\n$/, '');
      return content === ''
        ? { kind: 'fault', message: `the file in ${name}_FILE is empty` }
        : { kind: 'value', value: content };
    } catch {
      return { kind: 'fault', message: `the file in ${name}_FILE cannot be read; check its path and its mode` };
    }
  };

  const expandText = (text: string, fault: (message: string) => void): string =>
    text.replace(REFERENCE, (reference: string, inside: string) => {
      if (reference.startsWith('$$')) return reference.slice(1);
      const [, name, fallback] = (reference.endsWith('}') && INSIDE.exec(inside)) || [];
      if (name === undefined) {
        fault(`write \${NAME} or \${NAME:-default}; $\${ stands for a plain \${`);
        return '';
      }
      const found = lookup(name);
      if (found.kind === 'value') return found.value;
      if (found.kind === 'fault') fault(found.message);
      else if (fallback === undefined) fault(`${name} is not set; set it, or ${name}_FILE, in the environment`);
      return fallback ?? '';
    });

  return {
    lookup,
    expand: (value) => {
      const findings: Finding[] = [];
      const walk = (node: unknown, path: ConfigPath): unknown => {
        if (typeof node === 'string') {
          const text = expandText(node, (message) => findings.push({ at: path, message }));
          return text === '' && node !== '' ? undefined : text;
        }
        if (Array.isArray(node)) return node.map((item, i) => walk(item, [...path, i])).filter(isThere);
        return node !== null && typeof node === 'object' ? walkMap(node, path) : node;
      };
      const walkMap = (map: object, path: ConfigPath): Record<string, unknown> => {
        const entries = Object.entries(map).map(([key, item]) => [key, walk(item, [...path, key])] as const);
        return Object.fromEntries(entries.filter(([, item]) => isThere(item)));
      };
      return { value: walkMap(value, []), findings };
    },
  };
}

const isThere = (value: unknown): boolean => value !== undefined;
