import { randomBytes } from 'node:crypto';
import { type Apisix, type ApisixOptions, startApisix } from '../../src/sandbox/apisix';
import { bodyOf, send } from '../sandbox/recorded/exchange';
import { until } from '../support/until';
import { startUpstream, type Upstream } from '../support/upstream';

/**
 * The gateway of the contract suite: the sandbox, or the real one that APISIX_ADMIN_URL, APISIX_ADMIN_KEY and
 * APISIX_GATEWAY_URL (several: separated by commas) name; its Control API by APISIX_CONTROL_URL; its guards by
 * APISIX_GUARD_URL and APISIX_GUARD_SECRET. Whatever a test writes bears a mark of this run and is deleted at the end;
 * nothing else is touched.
 */
export interface Gateway {
  readonly adminUrl: string;
  readonly adminKey: string;
  readonly gatewayUrls: readonly string[];
  /** Where guards are, one a node; empty on a real gateway when APISIX_GUARD_URL names none. */
  readonly controlUrls: readonly string[];
  readonly guardSecret: string;
  /** Where health checks are told, one a node, as `gatewayUrls`; empty on a real gateway when nothing names it. */
  readonly healthUrls: readonly string[];
  /** Starts every id and every path that a test makes up: `pc1a2b3c`. */
  readonly mark: string;
  readonly upstream: Upstream;
  /** As an object of the Admin API has it. */
  readonly upstreamConf: { readonly type: 'roundrobin'; readonly nodes: Readonly<Record<string, number>> };
  /** A call of the Admin API: path behind `/apisix/admin`, body as JSON. */
  admin(method: string, path: string, body?: unknown): Promise<AdminReply>;
  /** Writes a route under the mark and answers its id: `<mark>-<name>`. It is in force after `settle`. */
  route(name: string, conf: object): Promise<string>;
  /** Sends a request to the first gateway, over a connection of its own. */
  get(
    path: string,
    headers?: Readonly<Record<string, string>>,
    method?: string,
    body?: string,
  ): ReturnType<typeof send>;
  /** Waits until every route that was written so far is in force everywhere. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface AdminReply {
  readonly status: number;
  readonly body: { readonly [key: string]: unknown };
}

const SANDBOX_SECRET = 'the secret of the guards of the sandbox';

/** Fresh connections that have to agree: a real gateway has several workers, and each learns by itself. */
const AGREEING = 12;

/** @param options of the sandbox. */
export async function openGateway(
  options: Pick<ApisixOptions, 'nodes' | 'checkSecondMs'> = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<Gateway> {
  const sandbox: Apisix | undefined = env.APISIX_ADMIN_URL
    ? undefined
    : await startApisix({ nodes: 2, guard: { secret: SANDBOX_SECRET }, ...options });
  const adminUrl = sandbox?.adminUrl ?? env.APISIX_ADMIN_URL ?? '';
  const adminKey = sandbox?.adminKey ?? env.APISIX_ADMIN_KEY ?? '';
  const gatewayUrls = sandbox?.gatewayUrls ?? (env.APISIX_GATEWAY_URL ?? '').split(',').map((url) => url.trim());
  const listed = (text = ''): string[] => text.split(',').flatMap((url) => url.trim() || []);
  const upstream = await startUpstream();
  const mark = `pc${randomBytes(3).toString('hex')}`;
  const written: string[] = [];
  let rounds = 0;

  async function admin(method: string, path: string, body?: unknown): Promise<AdminReply> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const reply = await send(adminUrl, method, `/apisix/admin${path}`, { 'x-api-key': adminKey }, text);
    const [, kind, id] = path.split('?')[0]?.split('/') ?? [];
    if (method === 'PUT' && reply.status < 300 && id !== undefined) written.push(`/${kind}/${id}`);
    return { status: reply.status, body: bodyOf(reply.text) as AdminReply['body'] };
  }

  async function agree(path: string, expected: string): Promise<void> {
    for (const url of gatewayUrls) {
      let agreeing = 0;
      await until(async () => {
        agreeing = (await send(url, 'GET', path)).text === expected ? agreeing + 1 : 0;
        return agreeing >= (sandbox ? 1 : AGREEING);
      });
    }
  }

  async function settle(): Promise<void> {
    rounds += 1;
    const [path, body] = [`/${mark}/settled`, String(rounds)];
    await admin('PUT', `/routes/${mark}-settled`, {
      uri: path,
      plugins: { 'fault-injection': { abort: { http_status: 200, body } } },
    });
    await agree(path, body);
  }

  return {
    adminUrl,
    adminKey,
    gatewayUrls,
    controlUrls: sandbox?.controls.map(({ url }) => url) ?? listed(env.APISIX_GUARD_URL),
    healthUrls: sandbox?.controls.map(({ url }) => url) ?? listed(env.APISIX_CONTROL_URL ?? env.APISIX_GUARD_URL),
    guardSecret: sandbox ? SANDBOX_SECRET : (env.APISIX_GUARD_SECRET ?? ''),
    mark,
    upstream,
    upstreamConf: { type: 'roundrobin', nodes: { [`127.0.0.1:${upstream.port}`]: 1 } },
    admin,
    settle,
    route: async (name, conf) => {
      const id = `${mark}-${name}`;
      const reply = await admin('PUT', `/routes/${id}`, conf);
      if (reply.status >= 300)
        throw new Error(`route ${id} was answered ${reply.status}: ${JSON.stringify(reply.body)}`);
      return id;
    },
    get: (path, headers = {}, method = 'GET', body = undefined) =>
      send(gatewayUrls[0] ?? '', method, path, headers, body),
    close: async () => {
      for (const path of [...new Set(written)].reverse()) await admin('DELETE', `${path}?force=true`);
      await upstream.close();
      await sandbox?.close();
    },
  };
}
