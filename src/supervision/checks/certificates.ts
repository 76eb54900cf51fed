import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Config } from '../../config/schema';
import { about, type Finding } from './finding';

/** Who renews by hand needs days. Certificates of 90 days are renewed 30 days before their end: this one was not. */
const WARNING_DAYS = 14;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Where TLS ends on the way from the phone to the cut. */
export interface TlsEnd {
  /** `host:port`. */
  readonly at: string;
  readonly host: string;
  readonly port: number;
  readonly caFile: string | undefined;
  /** What Twilio calls: it is what the internet sees, and may be out of reach from here. */
  readonly isPublic: boolean;
}

export type Certificate =
  /** `refused`: why a client that looks refuses it, as Node's code. Times: epoch, in milliseconds. */
  { readonly endsAt: number; readonly refused?: string } | { readonly unseen: string };

/** Each address once: of the gateways, their Admin and Control API, and of the public URL. */
export function tlsEnds({ gateways, publicUrl }: Pick<Config, 'gateways' | 'publicUrl'>): readonly TlsEnd[] {
  const ends = new Map<string, TlsEnd>();
  const add = (url: string, caFile: string | undefined, isPublic: boolean): void => {
    const { protocol, hostname, port } = new URL(url);
    if (protocol !== 'https:') return;
    const host = hostname.replace(/^\[|\]$/g, '');
    const end = { at: `${hostname}:${port || 443}`, host, port: Number(port || 443), caFile, isPublic };
    if (!ends.has(end.at)) ends.set(end.at, end);
  };
  for (const { adminUrl, gatewayUrls, guard, caFile } of Object.values(gateways))
    for (const url of [adminUrl, ...gatewayUrls, ...(guard?.controlUrls ?? [])]) add(url, caFile, false);
  add(publicUrl, undefined, true);
  return [...ends.values()];
}

/** Looks at a certificate as a client does, and sends nothing. Never throws. */
export function seeCertificate({ host, port, caFile }: TlsEnd, timeoutMs: number): Promise<Certificate> {
  return new Promise((resolve) => {
    let socket: TLSSocket;
    try {
      socket = connect({
        ...{ host, port, ...(isIP(host) ? {} : { servername: host }) },
        ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
        // What is wrong with it is what we came for.
        rejectUnauthorized: false,
      });
    } catch (error) {
      resolve({ unseen: (error as NodeJS.ErrnoException).code ?? 'no answer' });
      return;
    }
    const end = (certificate: Certificate): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(certificate);
    };
    const timer = setTimeout(() => end({ unseen: `no answer in ${timeoutMs} ms` }), timeoutMs);
    socket.on('error', (error: NodeJS.ErrnoException) => end({ unseen: error.code ?? 'no answer' }));
    socket.once('secureConnect', () => {
      const endsAt = Date.parse(socket.getPeerCertificate().valid_to ?? '');
      if (Number.isNaN(endsAt)) end({ unseen: 'it shows no certificate' });
      else end({ endsAt, ...refusalOf(socket.authorizationError) });
    });
  });
}

/** Node puts a code there, though its types say that it is an error. */
function refusalOf(error: unknown): { readonly refused?: string } {
  if (!error) return {};
  return { refused: error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error) };
}

/** @param seenBefore whether it was ever seen from here: what never was may be out of reach by design. */
export function certificateFindings(
  { at, isPublic, caFile }: TlsEnd,
  certificate: Certificate,
  { now, seenBefore }: { readonly now: number; readonly seenBefore: boolean },
): readonly Finding[] {
  const { ok, warning, doubt, quiet, fault } = about(`certificate ${at}`);
  if ('unseen' in certificate) {
    const what = `cannot be looked at (${certificate.unseen})`;
    if (isPublic && !seenBefore)
      return [
        quiet(
          `${what}: the public address is not watched from here`,
          'Behind NAT that may be as it should be. Let something outside watch it; a drill and a text go that way.',
        ),
      ];
    return [doubt(what, `Look whether ${at} is up, and can be reached from here.`)];
  }
  const { endsAt, refused } = certificate;
  const day = new Date(endsAt).toISOString().slice(0, 10);
  if (endsAt <= now) return [fault(`ended on ${day}`, 'Renew it now: whoever looks at it refuses to go on.')];
  if (refused !== undefined)
    return [
      fault(
        `is refused (${refused})`,
        isPublic
          ? 'Twilio will refuse it, too: whole chain, right name.'
          : `Use a name that is in it, and ${caFile === undefined ? 'name its authority in caFile' : `look whether ${caFile} is its authority`}.`,
      ),
    ];
  const days = Math.floor((endsAt - now) / DAY_MS);
  if (days < WARNING_DAYS) return [warning(`ends on ${day}, in ${days === 1 ? '1 day' : `${days} days`}`, 'Renew it.')];
  return [ok(`holds until ${day}`)];
}
