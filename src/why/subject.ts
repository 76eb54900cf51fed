import { hashOfKey } from '../config/virtual-key';

/** What somebody asks about. A key is its hash from here on: the key itself goes no further. */
export type Subject =
  /** A request to Pullcord, by its correlation id; or one that somebody else numbered. */
  | { readonly kind: 'request'; readonly id: string }
  /** A request to a gateway. */
  | { readonly kind: 'path'; readonly asked: Asked }
  /** A virtual key of LiteLLM, by its hash. */
  | { readonly kind: 'key'; readonly hash: string }
  /** One by its name: the configuration's, or LiteLLM's. */
  | { readonly kind: 'key'; readonly alias: string }
  | { readonly kind: 'scope'; readonly scope: string };

export type SubjectKind = Subject['kind'];
export const subjectKinds = ['request', 'path', 'key', 'scope'] as const satisfies readonly SubjectKind[];

/** A request, as far as it is told. */
export interface Asked {
  readonly method?: string;
  /** As in the header, in small letters; without a port. */
  readonly host?: string;
  /** Encoded, as on the wire. Without its query, which may hold a secret. */
  readonly path: string;
}

/** Names that are known, by which an alias is told from a request. */
export interface Known {
  readonly scopes: readonly string[];
  readonly keys: readonly string[];
}

/** Why a text can't be what it is said to be. */
export interface NoSubject {
  readonly fault: string;
}

/** What LiteLLM's keys look like, wherever they stand in a text. */
export const BARE_KEY = /sk-[A-Za-z0-9_-]{4,}/;

/**
 * What a text is about. Pure.
 * @param as what it is to be taken for, where it could be several things.
 */
export function subjectOf(text: string, { scopes, keys }: Known, as?: SubjectKind): Subject | NoSubject {
  const told = text.trim();
  switch (as ?? kindOf(told, scopes, keys)) {
    case 'scope':
      if (scopes.includes(told)) return { kind: 'scope', scope: told };
      return { fault: `there is no such scope; there are: ${scopes.join(', ')}` };
    case 'key': {
      const hash = hashOfKey(told);
      return hash === undefined ? { kind: 'key', alias: told } : { kind: 'key', hash };
    }
    case 'path': {
      const asked = askedOf(told);
      return asked ? { kind: 'path', asked } : { fault: 'write a path as /v1/x, METHOD /v1/x or https://host/v1/x' };
    }
    case 'request':
      return { kind: 'request', id: told };
  }
}

const METHOD = /^([A-Za-z]{3,16}) +(?=\/|https?:)/;
const HOST_AND_PATH = /^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?\//i;
/** UUIDs and what else is made by chance; message SIDs; LiteLLM's and OpenAI's names for a call. */
const MADE = [
  /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  /^(SM|MM)[0-9a-f]{32}$/i,
  /^(chatcmpl|cmpl|resp|req|msg)[-_]/i,
  /^[0-9a-f]{16,}$/i,
  /^fallback:.+:\d+$/,
];

function kindOf(told: string, scopes: readonly string[], keys: readonly string[]): SubjectKind {
  if (scopes.includes(told)) return 'scope';
  if (hashOfKey(told) !== undefined || keys.includes(told)) return 'key';
  if (/^(\/|https?:\/\/)/i.test(told) || METHOD.test(told) || HOST_AND_PATH.test(told)) return 'path';
  return MADE.some((pattern) => pattern.test(told)) || looksMade(told) ? 'request' : 'key';
}

/** Long, without a space, and with digits between its letters: people name their keys otherwise. */
const looksMade = (told: string): boolean =>
  told.length >= 16 && !/\s/.test(told) && (told.match(/\d/g)?.length ?? 0) >= 6;

function askedOf(told: string): Asked | undefined {
  const method = METHOD.exec(told)?.[1]?.toUpperCase();
  const rest = told.replace(METHOD, '');
  const isPath = rest.startsWith('/');
  const address = isPath ? `http://nowhere.invalid${rest}` : /^https?:/i.test(rest) ? rest : `http://${rest}`;
  if (/\s/.test(rest) || !URL.canParse(address)) return undefined;
  const { hostname, pathname } = new URL(address);
  return { ...(method === undefined ? {} : { method }), ...(isPath ? {} : { host: hostname }), path: pathname };
}

/** As it is repeated to whoever asked: without what may be a secret. */
export function shown(subject: Subject): string {
  switch (subject.kind) {
    case 'request':
      return subject.id;
    case 'scope':
      return subject.scope;
    case 'key':
      return 'hash' in subject ? subject.hash : subject.alias;
    case 'path': {
      const { method, host, path } = subject.asked;
      return `${method === undefined ? '' : `${method} `}${host === undefined ? '' : `http://${host}`}${path}`;
    }
  }
}
