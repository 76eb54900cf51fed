import type { IDataObject, IExecuteFunctions, IHttpRequestOptions, INodeExecutionData } from './workflow';
import { NodeApiError } from './workflow';

/** What n8n keeps for the credential `pullcordApi`. */
export interface Credential {
  readonly baseUrl: unknown;
  readonly token: string;
}

export interface RunOptions {
  readonly credential: Credential;
  /** Of each item: what stands in the node's parameters, expressions resolved. */
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly execution?: string;
  readonly instance?: string;
  readonly began?: number;
  readonly runIndex?: number;
  readonly continueOnFail?: boolean;
  /** As which node type it stands in the workflow; a tool's name ends in Tool. */
  readonly type?: string;
  readonly isToolExecution?: boolean;
}

/** One request that a node sent, as it gave it to n8n. */
export interface Sent extends IHttpRequestOptions {
  readonly at: string;
}

export const NODE = { id: 'a1b2', name: 'Pullcord', typeVersion: 1 } as const;

/** One run of the node `Pullcord`, over real HTTP. */
export function executing(options: RunOptions): { context: IExecuteFunctions; sent: Sent[] } {
  const { credential, items, type = 'n8n-nodes-pullcord.pullcord' } = options;
  const { helpers, sent } = requests(credential, { ...NODE, type });
  const context: IExecuteFunctions = {
    ...{ helpers, logger: { warn: () => undefined } },
    getCredentials: async <T>() => ({ ...credential }) as unknown as T,
    getNode: () => ({ ...NODE, type }),
    getWorkflow: () => ({ id: 'workflow1' }),
    getWorkflowStaticData: () => ({}),
    getExecutionId: () => options.execution ?? '1',
    getInstanceId: () => options.instance ?? 'instance1',
    getExecutionContext: () => (options.began === undefined ? undefined : { establishedAt: options.began }),
    getInputData: () => items.map((_, item): INodeExecutionData => ({ json: {}, pairedItem: { item } })),
    getNodeParameter: (name, item, fallback) => items[item]?.[name] ?? fallback,
    getWorkflowDataProxy: () => ({ $runIndex: options.runIndex ?? 0 }),
    continueOnFail: () => options.continueOnFail ?? false,
    isToolExecution: () => options.isToolExecution ?? false,
  };
  return { context, sent };
}

/** n8n's helper: adds the token as the credential says, and wraps what goes wrong. */
export function requests(credential: Credential, node: IExecuteFunctions['getNode'] extends () => infer N ? N : never) {
  const sent: Sent[] = [];
  const httpRequestWithAuthentication = async (_type: string, options: IHttpRequestOptions): Promise<unknown> => {
    const { method = 'GET', url, qs = {}, headers = {}, body } = options;
    const address = new URL(url);
    for (const [name, value] of Object.entries(qs)) address.searchParams.set(name, String(value));
    sent.push({ ...options, at: `${method} ${address.pathname}${address.search}` });
    try {
      const answer = await fetch(address, {
        ...{ method, redirect: options.disableFollowRedirect ? 'manual' : 'follow' },
        signal: AbortSignal.timeout(options.timeout ?? 300_000),
        headers: {
          ...(headers as Record<string, string>),
          authorization: `Bearer ${credential.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok && !options.ignoreHttpStatusErrors) throw new Error(`status ${answer.status}`);
      const answered = parsed(await answer.text());
      return options.returnFullResponse ? { statusCode: answer.status, body: answered, headers: {} } : answered;
    } catch (error) {
      const { code } = (error as { cause?: { code?: string } }).cause ?? {};
      const secret = { config: { headers: { authorization: `Bearer ${credential.token}` }, data: body } };
      throw new NodeApiError(node, Object.assign(new Error('fetch failed'), { code, ...secret }));
    }
  };
  return { helpers: { httpRequestWithAuthentication }, sent };
}

/** As axios does it: what isn't JSON stays a text. */
function parsed(text: string): IDataObject | string {
  try {
    return JSON.parse(text) as IDataObject;
  } catch {
    return text;
  }
}
