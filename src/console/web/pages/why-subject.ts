/**
 * What goes into the page's address, and from there to Pullcord, of what somebody asks about. Fails towards "not sent":
 * a key, or a query that may hold one, never stands in an address.
 */

/** As in src/why/subject.ts. */
export const BARE_KEY = /sk-[A-Za-z0-9_-]{4,}/;

export type Askable = { readonly subject: string } | { readonly fault: string };

/** @param sha256 hexadecimal; left out: this browser cannot, since the page came without TLS. */
export async function askable(text: string, sha256?: (text: string) => Promise<string>): Promise<Askable> {
  const told = text.trim();
  if (told === '') return { fault: 'Write what to ask about.' };
  if (!BARE_KEY.test(told))
    return { subject: /^(\/|[A-Za-z]+ \/|https?:)/.test(told) ? (told.split(/[?#]/)[0] ?? told) : told };
  if (/\s|\//.test(told)) return { fault: 'There is a key in it. Ask about the path, or about the key, alone.' };
  if (!sha256)
    return { fault: "Keys are asked about by their alias, or by their SHA-256 (LiteLLM shows it as the key's hash)." };
  return { subject: await sha256(told) };
}

/** Undefined where the browser has none: the page came without TLS from another machine. */
export const sha256: ((text: string) => Promise<string>) | undefined = globalThis.crypto?.subtle
  ? async (text) => {
      const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
      return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    }
  : undefined;
