import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Cookies that only who has the key can make: `<JSON, base64url>.<HMAC-SHA256, base64url>`. Fails towards "none": what
 * was changed, was made for another purpose, or came twice, is not there.
 */

export interface Cookie {
  readonly name: string;
  /** A signature for one purpose is none for another one. */
  readonly purpose: string;
  readonly maxAgeSeconds: number;
  /** Lax where a page of somebody else leads back to us. */
  readonly sameSite: 'Strict' | 'Lax';
}

export interface CookieJar {
  /** For `Set-Cookie`. */
  make(value: object): string;
  /** For `Set-Cookie`: the browser forgets it. */
  clear(): string;
  /** What we put in. `forged`: there is one, and it is not ours. @param header the request's `Cookie` */
  read(header: string | undefined): { readonly kind: 'none' | 'forged' } | { readonly kind: 'ours'; value: unknown };
}

/**
 * @param secure the page is reached by https: the cookie is sent over nothing else, and no neighbouring host can plant
 *   one (RFC 6265bis, 4.1.3.2: `__Host-`).
 */
export function cookieJar(key: Buffer, secure: boolean, cookie: Cookie): CookieJar {
  const name = secure ? `__Host-${cookie.name}` : cookie.name;
  const attributes = `Path=/; HttpOnly; SameSite=${cookie.sameSite}${secure ? '; Secure' : ''}`;
  const mac = (payload: string): Buffer =>
    createHmac('sha256', key).update(`${cookie.purpose}.${payload}`, 'utf8').digest();
  return {
    make: (value) => {
      const payload = Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
      return `${name}=${payload}.${mac(payload).toString('base64url')}; ${attributes}; Max-Age=${cookie.maxAgeSeconds}`;
    },
    clear: () => `${name}=; ${attributes}; Max-Age=0`,
    read: (header) => {
      const found = valuesOf(header, name);
      const [text] = found;
      if (text === undefined || text === '') return { kind: 'none' };
      const [payload = '', signature = '', ...more] = text.split('.');
      const given = Buffer.from(signature, 'base64url');
      const right = mac(payload);
      const ours = found.length === 1 && more.length === 0 && given.length === right.length;
      if (!ours || !timingSafeEqual(given, right)) return { kind: 'forged' };
      return { kind: 'ours', value: JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) };
    },
  };
}

/** RFC 6265, 4.2.1: pairs with `; ` between them. */
function valuesOf(header: string | undefined, name: string): string[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : [];
  });
}
