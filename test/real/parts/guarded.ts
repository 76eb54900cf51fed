import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ConfigInput } from '../../../src/config/schema';
import type { LedgerLineAnswer, SpendAnswer } from '../../../src/intake/http/schemas';
import { startApisix } from '../../../src/sandbox/apisix';
import { gatewayObjects, gatewayScopes } from '../../../src/sandbox/gateway-objects';
import { startReceiver } from '../../support/receiver';
import { until } from '../../support/until';
import type { Litellm } from './litellm';
import { startProgram } from './program';

const TOKEN = 'a-token-for-tests';
const TOKEN_SHA256 = '9237b94c86ee59b8e51197999c04d4570522a9bfb16047aa5b59613faefa515d';
const LINES = 500;

/** What was told to others. */
export interface Event {
  readonly kind: string;
  readonly text: string;
  readonly [figure: string]: unknown;
}

/** LiteLLM behind a gateway, and the program, which watches the one and can cut the other. */
export interface Guarded {
  readonly gatewayUrl: string;
  /** In the order in which it was told. */
  events(): readonly Event[];
  spend(): Promise<SpendAnswer>;
  ledger(kind: LedgerLineAnswer['kind']): Promise<readonly LedgerLineAnswer[]>;
  refuses(): Promise<boolean>;
  close(): Promise<void>;
}

/** @param tripwire all of it but the address of LiteLLM, which looks once a second. */
export async function startGuarded(
  litellm: Litellm,
  { token, ...tripwire }: Omit<NonNullable<ConfigInput['tripwire']>, 'litellm'> & { readonly token?: string },
): Promise<Guarded> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pullcord-guarded-'));
  const [apisix, receiver] = await Promise.all([startApisix(), startReceiver()]);
  for (const [path, body] of gatewayObjects(litellm.url))
    await fetch(`${apisix.adminUrl}/apisix/admin/${path}`, {
      method: 'PUT',
      headers: { 'x-api-key': apisix.adminKey },
      body: JSON.stringify(body),
    }).then((answer) => answer.text());
  const config: ConfigInput = {
    publicUrl: 'https://pullcord.example.org',
    listen: { public: '127.0.0.1:0', internal: '127.0.0.1:0' },
    ...{ dataDir, key: '5a'.repeat(32) },
    gateways: { main: { adminUrl: apisix.adminUrl, adminKey: apisix.adminKey, gatewayUrls: [apisix.gatewayUrl] } },
    scopes: gatewayScopes,
    api: { tokens: [{ name: 'test', sha256: TOKEN_SHA256, rights: ['status'] }] },
    notify: { sms: false, webhooks: [{ url: receiver.url }] },
    tripwire: { everySeconds: 1, ...tripwire, litellm: [{ url: litellm.url, ...(token ? { token } : {}) }] },
  };
  writeFileSync(join(dataDir, 'pullcord.yaml'), stringify(config), { mode: 0o600 });
  const leave = async (): Promise<void> => {
    await Promise.all([apisix.close(), receiver.close()]);
    rmSync(dataDir, { recursive: true });
  };
  const program = await startProgram({ PULLCORD_CONFIG: join(dataDir, 'pullcord.yaml') }).catch(async (error) => {
    await leave();
    throw error;
  });

  const get = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${program.internalUrl}/api/v1/${path}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const self: Guarded = {
    gatewayUrl: apisix.gatewayUrl,
    events: () => receiver.received.map(({ body }) => body as Event),
    spend: () => get('spend'),
    ledger: async (kind) => {
      const { lines } = await get<{ lines: LedgerLineAnswer[] }>(`ledger?limit=${LINES}`);
      return lines.filter((line) => line.kind === kind);
    },
    refuses: async () => {
      const answer = await fetch(`${apisix.gatewayUrl}/v1/chat/completions`, { method: 'HEAD' }).catch(() => undefined);
      return answer?.headers.has('x-pullcord-severed') ?? false;
    },
    close: async () => {
      await program.end('SIGTERM');
      await leave();
    },
  };
  await until(async () => (await self.spend()).sources.every(({ lookedAt }) => lookedAt !== undefined), 20_000);
  return self;
}
