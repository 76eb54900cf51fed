import { type Response, Router } from 'express';
import { z } from 'zod';
import type { Clock } from '../../../clock';
import type { OpenIdConfig } from '../../../config/console';
import type { SignIns } from '../../../desk/sign-ins';
import type { Desk } from '../../../orders/desk';
import { type Refusal, reasons } from '../../../orders/reasons';
import { contextOf } from '../../http/context';
import { cookieJar } from '../cookie';
import { nameInLedger, type Sessions } from '../session';
import { mapped } from './claims';
import { NotProven, type Provider, ProviderAway } from './provider';

export interface OpenIdDoorOptions {
  readonly config: OpenIdConfig;
  readonly provider: Provider;
  readonly sessions: Pick<Sessions, 'begin'>;
  readonly signIns: Pick<SignIns, 'note'>;
  readonly refused: Desk['refused'];
  readonly key: Buffer;
  readonly secure: boolean;
  readonly now: Clock;
}

const PENDING_SECONDS = 600;
/** Each asks the provider something, and waits. */
const AT_ONCE = 8;

const pendingSchema = z.strictObject({
  ...{ state: z.string().min(1), nonce: z.string().min(1), verifier: z.string().min(1) },
  /** Epoch, in milliseconds. */
  until: z.int(),
});

/**
 * `/console/openid` leads to the provider, `/console/openid/callback` back. Fails towards "not signed in", and says so
 * in a page of its own. Nothing that comes with the address says where it goes on: it is always the console.
 */
export function openIdDoor({
  config,
  provider,
  sessions,
  signIns,
  refused,
  key,
  secure,
  now,
}: OpenIdDoorOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const jar = cookieJar(key, secure, {
    // The provider's page leads back to us: a strict cookie would stay away.
    ...{ name: 'pullcord-openid', purpose: 'openid', maxAgeSeconds: PENDING_SECONDS, sameSite: 'Lax' },
  });
  let underWay = 0;

  const guarded =
    (work: (res: Response, url: string, cookie: string | undefined) => Promise<Refusal | undefined>) =>
    async (req: Parameters<typeof contextOf>[0] & { originalUrl: string }, res: Response): Promise<void> => {
      if (underWay >= AT_ONCE) return tell(res, { refused: 'too-many-requests' });
      underWay += 1;
      const { correlation, log } = contextOf(req);
      try {
        const refusal = await work(res, req.originalUrl, req.headers.cookie);
        if (!refusal) return;
        refused(refusal.refused, { door: 'console', action: 'sign-in', how: 'openid', correlation });
        tell(res, refusal, jar.clear());
      } catch (error) {
        if (!(error instanceof ProviderAway) && !(error instanceof NotProven)) throw error;
        log.warn({ err: reasonOf(error) }, error.message);
        const reason = error instanceof ProviderAway ? 'openid-away' : 'openid-unproven';
        refused(reason, { door: 'console', action: 'sign-in', how: 'openid', correlation });
        tell(res, { refused: reason }, jar.clear());
      } finally {
        underWay -= 1;
      }
    };

  router.get(
    '/console/openid',
    guarded(async (res) => {
      const { url, pending } = await provider.begin();
      res.setHeader('set-cookie', jar.make({ ...pending, until: now() + PENDING_SECONDS * 1000 }));
      res.redirect(303, url);
      return undefined;
    }),
  );

  router.get(
    '/console/openid/callback',
    guarded(async (res, url, cookie) => {
      const kept = jar.read(cookie);
      const pending = kept.kind === 'ours' ? pendingSchema.safeParse(kept.value) : undefined;
      if (!pending?.success || pending.data.until <= now())
        return { refused: 'openid-unproven', detail: 'It was begun in another window, or too long ago.' };
      const at = url.indexOf('?');
      const claims = await provider.finish(at < 0 ? '' : url.slice(at), pending.data);
      const { name, rights, hasRoles } = mapped(claims, config);
      const begun = sessions.begin({ by: 'openid', name, rights });
      if (!begun) return withoutRole(config, name, hasRoles);
      const { correlation } = contextOf(res.req);
      const by = nameInLedger(begun.session);
      signIns.note({ what: 'signed in', by, how: 'openid', sub: claims.sub, rights, source: 'console', correlation });
      res.setHeader('set-cookie', [begun.cookie, jar.clear()]);
      res.redirect(303, '/console/');
      return undefined;
    }),
  );
  return router;
}

function withoutRole({ name, rolesClaim }: OpenIdConfig, person: string, hasRoles: boolean): Refusal {
  const why = hasRoles ? '' : ` ${name} told none: the ID token has no claim ${rolesClaim}.`;
  return { refused: 'openid-no-role', detail: `${name} calls you ${person}.${why}` };
}

/** The library's own words tell what was wrong, and hold neither token nor code; what it was told may. */
function reasonOf({ cause }: Error): Readonly<Record<string, unknown>> {
  if (!(cause instanceof Error)) return {};
  const { code, error } = cause as { code?: unknown; error?: unknown };
  return { name: cause.name, message: cause.message, code, error };
}

/** A page without script or style: it has to be read where nothing else works. */
function tell(res: Response, { refused, detail }: Refusal, cookie?: string): void {
  const { status, advice } = reasons[refused];
  const lines = [advice, ...(detail === undefined ? [] : [detail])].map((line) => `<p>${escaped(line)}</p>`).join('');
  if (cookie !== undefined) res.setHeader('set-cookie', cookie);
  res
    .status(status)
    .type('html')
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
        `<meta name="color-scheme" content="light dark"><title>Not signed in - Pullcord</title></head>` +
        `<body><main><h1>Not signed in</h1>${lines}<p><a href="/console/">Back to the console</a></p></main></body></html>`,
    );
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
