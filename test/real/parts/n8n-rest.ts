/** What a person would do in n8n's editor, and a program by its public API. */
export interface N8nRest {
  /** The editor's own API, as its owner. @throws Error unless the answer is a success. */
  rest<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** The public API. @throws Error unless the answer is a success. */
  api<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Every node type as the editor gets it, variants for AI tools among them. */
  nodeTypes(): Promise<readonly NodeType[]>;
  /** Newest first, with their data. */
  executions(workflow: string): Promise<readonly Execution[]>;
}

export interface Execution {
  readonly id: string;
  readonly status: 'success' | 'error' | 'waiting' | 'running' | 'canceled' | 'crashed' | 'new';
  readonly finished: boolean;
  readonly data?: {
    readonly resultData: {
      readonly lastNodeExecuted?: string;
      readonly error?: NodeError;
      /** By the name of the node; each of its runs. */
      readonly runData: Readonly<Record<string, readonly NodeRun[]>>;
    };
  };
}

export interface NodeType {
  readonly name: string;
  readonly properties: readonly Property[];
}

export interface Property {
  readonly name: string;
  readonly type: string;
  readonly displayOptions?: Readonly<Record<'show' | 'hide', Readonly<Record<string, readonly unknown[]>>>>;
  readonly options?: readonly { readonly value?: unknown; readonly displayOptions?: Property['displayOptions'] }[];
}

export interface NodeError {
  readonly message: string;
  readonly description?: string | null;
}

interface NodeRun {
  readonly executionStatus: string;
  readonly error?: NodeError;
  readonly data?: { readonly main: readonly (readonly { readonly json: Json }[] | null)[] };
}

export type Json = Readonly<Record<string, unknown>>;

const OWNER = { email: 'owner@example.org', password: 'Only-for-tests-1' } as const;
const SCOPES = ['workflow:list', 'workflow:read', 'workflow:update', 'workflow:activate', 'workflow:deactivate'];
const TIMEOUT_MS = 30_000;

/** Makes the owner, at the first start, and logs in as that. */
export async function createRest(url: string): Promise<N8nRest> {
  const call = async (path: string, method: string, headers: Record<string, string>, body?: unknown) => {
    const answer = await fetch(`${url}${path}`, {
      ...{ method, headers: { 'content-type': 'application/json', ...headers } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 1_000)}`);
    return { answer, body: text === '' ? undefined : JSON.parse(text) };
  };
  const names = { firstName: 'Only', lastName: 'Tests' };
  const login = { emailOrLdapLoginId: OWNER.email, password: OWNER.password };
  const cookieOf = ({ answer }: { answer: Response }): string =>
    answer.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ');
  const first = await call('/rest/owner/setup', 'POST', {}, { ...OWNER, ...names }).catch(() => undefined);
  const cookie = cookieOf(first ?? (await call('/rest/login', 'POST', {}, login)));

  const rest: N8nRest['rest'] = async (method, path, body) =>
    (await call(`/rest${path}`, method, { cookie }, body)).body?.data;
  const label = `tests-${Date.now()}`;
  const scopes = [...SCOPES, 'execution:list', 'execution:read'];
  const { rawApiKey } = await rest<{ rawApiKey: string }>('POST', '/api-keys', { label, scopes, expiresAt: null });
  const api: N8nRest['api'] = async (method, path, body) =>
    (await call(`/api/v1${path}`, method, { 'x-n8n-api-key': rawApiKey }, body)).body;
  return {
    ...{ rest, api },
    nodeTypes: async () => (await call('/types/nodes.json', 'GET', { cookie })).body,
    executions: async (workflow) =>
      (await api<{ data: Execution[] }>('GET', `/executions?includeData=true&limit=250&workflowId=${workflow}`)).data,
  };
}
