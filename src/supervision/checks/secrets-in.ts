const NAMES: readonly string[] = ['key', 'adminKey', 'authTokens', 'secret', 'keys', 'token', 'viewerKey'];
const URLS: readonly string[] = ['databaseUrl', 'redisUrl'];
/** Whoever knows it can say that all is well. */
const PING = 'heartbeat.url';
/** LiteLLM's keys may stand as their SHA-256, which is no secret. */
const HASH = /^[0-9a-f]{64}$/i;

/** A secret, and the option that holds it: `gateways.main.adminKey`. */
export interface HeldSecret {
  readonly path: string;
  readonly value: string;
}

/** The secrets of a configuration, as it is written or as it was read. */
export function secretsIn(config: unknown, path: readonly string[] = [], inside = ''): HeldSecret[] {
  if (typeof config === 'string') {
    const secret = NAMES.includes(inside) || path.join('.') === PING;
    const value = URLS.includes(inside) ? passwordOf(config) : secret ? config : '';
    const ofKey = inside === 'keys' || (inside === 'key' && path[0] === 'tripwire');
    const hash = ofKey && HASH.test(value);
    return value === '' || hash ? [] : [{ path: path.join('.'), value }];
  }
  if (Array.isArray(config)) return config.flatMap((item, i) => secretsIn(item, [...path, String(i)], inside));
  if (config === null || typeof config !== 'object') return [];
  return Object.entries(config).flatMap(([key, value]) => secretsIn(value, [...path, key], key));
}

function passwordOf(url: string): string {
  try {
    return decodeURIComponent(new URL(url).password);
  } catch {
    // Not a URL: then nobody knows what of it is secret.
    return url;
  }
}

/** Shorter ones would blot out half of every text. */
const LEAST = 6;

/** The text without any of these. */
export const withoutSecrets = (text: string, secrets: readonly HeldSecret[]): string =>
  secrets.reduce((rest, { value }) => (value.length < LEAST ? rest : rest.replaceAll(value, '…')), text);
