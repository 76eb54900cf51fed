import type { Configuration } from 'openid-client';
import type { OpenIdConfig } from '../../../config/console';

/**
 * The identity provider: OpenID Connect's authorization code flow with PKCE, state and nonce, by openid-client. Fails
 * towards "nobody": only an ID token whose signature, issuer, audience, nonce and time are right says who it is.
 */
export interface Provider {
  /** Where the browser goes, and what has to come back. @throws ProviderAway */
  begin(): Promise<{ readonly url: string; readonly pending: Pending }>;
  /**
   * The claims of the ID token. @param query of the address that the provider sent the browser to.
   * @throws ProviderAway, NotProven
   */
  finish(query: string, pending: Pending): Promise<Claims>;
}

/** Kept by the browser that began, in a signed cookie. */
export interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** It can't be reached, or makes no sense. */
export class ProviderAway extends Error {
  override readonly name = 'ProviderAway';
}

/** What came back does not show who it is. */
export class NotProven extends Error {
  override readonly name = 'NotProven';
}

/** For one request to the provider. A person waits. */
const TIMEOUT_SECONDS = 5;
/** How far its clock may stand from ours. */
const CLOCK_SECONDS = 5;

/** @param redirectUri what the provider has to know as one of this client's. */
export function openProvider(config: OpenIdConfig, redirectUri: string): Provider {
  let known: Promise<Configuration> | undefined;

  /** Asked for when it is first needed, and again after a failure: Pullcord starts without it. */
  const configuration = (): Promise<Configuration> => {
    const asked = known ?? discover(config);
    known = asked;
    asked.catch(() => forget(asked));
    return asked;
  };
  const forget = (failed: Promise<Configuration>): void => {
    if (known === failed) known = undefined;
  };

  return {
    begin: async () => {
      const client = await import('openid-client');
      const pending = {
        ...{ state: client.randomState(), nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() },
      };
      const challenge = await client.calculatePKCECodeChallenge(pending.verifier);
      const found = await configuration().catch((error) => {
        throw new ProviderAway('the identity provider cannot be asked what it is', { cause: error });
      });
      const url = client.buildAuthorizationUrl(found, {
        ...{ redirect_uri: redirectUri, scope: 'openid profile', state: pending.state, nonce: pending.nonce },
        ...{ code_challenge: challenge, code_challenge_method: 'S256' },
      });
      return { url: url.href, pending };
    },

    finish: async (query, { state, nonce, verifier }) => {
      const client = await import('openid-client');
      const asked = configuration();
      try {
        const tokens = await client.authorizationCodeGrant(await asked, new URL(`${redirectUri}${query}`), {
          ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true },
        });
        const claims = tokens.claims();
        if (!claims) throw new NotProven('no ID token came');
        return claims;
      } catch (error) {
        // Its keys or addresses may be others by now.
        forget(asked);
        if (isAway(error)) throw new ProviderAway('the identity provider does not answer', { cause: error });
        throw new NotProven('the identity provider did not show who it is', { cause: error });
      }
    },
  };
}

async function discover({ issuer, clientId, clientSecret }: OpenIdConfig): Promise<Configuration> {
  const client = await import('openid-client');
  const url = new URL(issuer);
  return client.discovery(
    url,
    clientId,
    { client_secret: clientSecret, [client.clockTolerance]: CLOCK_SECONDS },
    undefined,
    {
      timeout: TIMEOUT_SECONDS,
      execute: [
        // The signature of the ID token is checked although it comes over TLS from the provider itself.
        client.enableNonRepudiationChecks,
        ...(url.protocol === 'http:' ? [client.allowInsecureRequests] : []),
      ],
    },
  );
}

/** fetch throws a TypeError when nobody answers, and whatever it was aborted by when it is too late. */
function isAway(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { name, code, message, cause } = error as Partial<Error> & { readonly code?: unknown };
  const late = name === 'TimeoutError' || name === 'AbortError' || code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT';
  return late || message === 'fetch failed' || isAway(cause);
}
