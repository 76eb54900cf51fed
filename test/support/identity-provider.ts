import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the next ID token is, where it is to be another one than a good one. */
export interface Lie {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signed by somebody else, under the key's name. */
  readonly forged?: boolean;
  /** The last claim is changed after it was signed. */
  readonly changed?: boolean;
  readonly none?: boolean;
}

export interface IdentityProvider {
  readonly issuer: string;
  /** Of the person who signs in there. */
  person: Readonly<Record<string, unknown>>;
  lie: Lie;
  /** What it was asked, by path. */
  readonly asked: string[];
  /** Does as a person's browser does there: signs in, and is sent back. @returns the address to go on at. */
  visit(url: string): string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const CLIENT = { id: 'pullcord', secret: 'client-secret' } as const;
export const client = CLIENT;

/** A small OpenID provider: discovery, keys, authorization code with PKCE, ID tokens signed with RS256. */
export async function startIdentityProvider(): Promise<IdentityProvider> {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const codes = new Map<string, { nonce: string; challenge: string; redirectUri: string }>();
  let port = 0;
  const asked: string[] = [];

  const idToken = (nonce: string): string => {
    const now = Math.floor(Date.now() / 1000);
    const { lie } = provider;
    const claims = {
      ...{ iss: provider.issuer, aud: CLIENT.id, sub: 'f3a1', iat: now, exp: now + 60, nonce },
      ...{ ...provider.person, ...lie.claims },
    };
    const header = { alg: 'RS256', typ: 'JWT', kid: 'k1', ...lie.header };
    const key: KeyObject = lie.forged ? stranger.privateKey : pair.privateKey;
    const signed = `${encoded(header)}.${encoded(claims)}`;
    const signature = header.alg === 'none' ? '' : sign('sha256', Buffer.from(signed), key).toString('base64url');
    if (lie.changed)
      return `${encoded(header)}.${encoded({ ...claims, realm_access: { roles: ['admin'] } })}.${signature}`;
    return `${signed}.${signature}`;
  };

  const token = (body: URLSearchParams): [number, unknown] => {
    const code = body.get('code') ?? '';
    const given = codes.get(code);
    codes.delete(code);
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url');
    const good = given && given.challenge === challenge && given.redirectUri === body.get('redirect_uri');
    const known = body.get('client_id') === CLIENT.id && body.get('client_secret') === CLIENT.secret;
    if (!known) return [401, { error: 'invalid_client' }];
    if (!good) return [400, { error: 'invalid_grant' }];
    const tokens = { access_token: randomUUID(), token_type: 'Bearer', expires_in: 60 };
    return [200, provider.lie.none ? tokens : { ...tokens, id_token: idToken(given.nonce) }];
  };

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = new URL(req.url ?? '', provider.issuer).pathname;
    asked.push(path);
    if (path.endsWith('/auth')) {
      // The page of a provider at which the person has signed in.
      res.writeHead(200, { 'content-type': 'text/html', connection: 'close' });
      res.end(
        `<a id="back" href="${provider.visit(new URL(req.url ?? '', provider.issuer).href).replaceAll('&', '&amp;')}">go on</a>`,
      );
      return;
    }
    let text = '';
    for await (const chunk of req) text += chunk;
    const [status, body] = path.endsWith('/.well-known/openid-configuration')
      ? [
          200,
          {
            issuer: provider.issuer,
            authorization_endpoint: `${provider.issuer}/auth`,
            token_endpoint: `${provider.issuer}/token`,
            jwks_uri: `${provider.issuer}/certs`,
            response_types_supported: ['code'],
            subject_types_supported: ['public'],
            id_token_signing_alg_values_supported: ['RS256'],
          },
        ]
      : path.endsWith('/certs')
        ? [200, { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' }] }]
        : path.endsWith('/token')
          ? token(new URLSearchParams(text))
          : [404, {}];
    res.writeHead(status as number, { 'content-type': 'application/json', connection: 'close' });
    res.end(JSON.stringify(body));
  };

  let server = createServer((req, res) => void answer(req, res));
  const listen = async (): Promise<void> => {
    server = createServer((req, res) => void answer(req, res));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  };
  await listen();
  const provider: IdentityProvider = {
    issuer: `http://127.0.0.1:${port}/realms/home`,
    person: { preferred_username: 'alice', realm_access: { roles: ['pullcord-stop', 'offline_access'] } },
    ...{ lie: {}, asked },
    visit: (url) => {
      const { searchParams: wanted } = new URL(url);
      if (wanted.get('client_id') !== CLIENT.id || wanted.get('response_type') !== 'code') throw new Error('not ours');
      if (wanted.get('code_challenge_method') !== 'S256') throw new Error('without PKCE');
      const redirectUri = wanted.get('redirect_uri') ?? '';
      const code = randomUUID();
      codes.set(code, { nonce: wanted.get('nonce') ?? '', challenge: wanted.get('code_challenge') ?? '', redirectUri });
      return `${redirectUri}?${new URLSearchParams({ code, state: wanted.get('state') ?? '' })}`;
    },
    start: listen,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
