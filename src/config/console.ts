import { z } from 'zod';
import { httpUrl, secret } from './parts';
import { right } from './right';

const openid = z.strictObject({
  issuer: httpUrl.describe("The provider's issuer; Keycloak: https://<host>/realms/<realm>."),
  clientId: z.string().min(1).describe('What the provider calls this client.'),
  clientSecret: secret.describe('What the provider gave this client.'),
  name: z.string().min(1).max(40).default('OpenID Connect').describe('Stands on the button.'),
  rolesClaim: z
    .string()
    .min(1)
    .default('realm_access.roles')
    .describe('Where the roles stand in the ID token, dotted. Keycloak has to be told to put them there.'),
  roles: z
    .record(z.string().min(1), z.array(right).min(1))
    .refine((roles) => Object.keys(roles).length > 0, 'name at least one role')
    .describe('What a role may do: stop, status, restore. Whoever has none of them is not let in.'),
  operatorClaim: z
    .string()
    .min(1)
    .default('preferred_username')
    .describe(
      'Whose name it is, dotted: the name in the ledger, and the operator whose codes a restore takes, where one is called so.',
    ),
});

/** The page for people, on the internal listener. */
export const consoleOptions = z
  .strictObject({
    url: httpUrl
      .refine((url) => !URL.canParse(url) || (new URL(url).pathname === '/' && new URL(url).search === ''), {
        error: 'write scheme and host alone, for instance https://pullcord.example.org: the page is at /console there',
      })
      .optional()
      .describe(
        'How browsers reach the internal listener, with TLS in front: cookies are then sent over https alone. Left out: http, as in a tunnel.',
      ),
    openid: openid.optional().describe('Signing in by OpenID Connect, beside operator and code.'),
  })
  .refine(({ url, openid }) => url !== undefined || openid === undefined, {
    path: ['url'],
    error: 'missing; the provider sends people back there, and nobody is believed what Host says',
  });

export type ConsoleConfig = z.infer<typeof consoleOptions>;
export type OpenIdConfig = z.infer<typeof openid>;
