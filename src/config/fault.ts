/** Where something stands in the configuration. */
export type ConfigPath = readonly (string | number)[];

/** A fault while it is being looked for. */
export interface Finding {
  readonly at: ConfigPath;
  readonly message: string;
}

/** One thing that is wrong with the configuration, and what to do. Never holds a value, for it may be a secret. */
export interface Fault {
  /** `gateways.main.adminKey`; empty for the file as a whole. */
  readonly path: string;
  /** Counted from 1. */
  readonly line?: number;
  readonly message: string;
}

/** All that is wrong with the configuration, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** @param file path of the file, as it was named. */
  constructor(
    readonly file: string,
    readonly faults: readonly Fault[],
  ) {
    super(
      [`${file} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:`, ...faults.map(line)].join('\n'),
    );
  }
}

const line = (fault: Fault): string =>
  `  ${fault.path === '' ? '' : `${fault.path}: `}${fault.message}${fault.line === undefined ? '' : ` (line ${fault.line})`}`;

/** `scopes.agent.routes[0]` */
export function dotted(path: ConfigPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? shownKey(step) : `${text}.${shownKey(step)}`;
  }, '');
}

const LONGEST_KEY = 32;

/** A slip like `adminKey:abc`, without the space, makes a key of a secret: so only what can be a name is shown. */
export function shownKey(key: string): string {
  const shown = (/^[\w-]*/.exec(key)?.[0] ?? '').slice(0, LONGEST_KEY);
  return shown === key ? key : `${shown}…`;
}
