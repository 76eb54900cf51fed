import type { NodeApiError, NodeOperationError } from './errors';

/**
 * Stands in for the package `n8n-workflow`, which is n8n's own and isn't installed here: the shapes that the node uses,
 * no wider than the real ones, against which `n8n-node build` compiles the same files.
 */

export { NodeApiError, NodeOperationError } from './errors';

export const NodeConnectionTypes = { Main: 'main', AiTool: 'ai_tool' } as const;

export type GenericValue = string | object | number | boolean | undefined | null;
export interface IDataObject {
  [key: string]: GenericValue | IDataObject | GenericValue[] | IDataObject[];
}
export type JsonObject = Record<string, unknown>;

export interface INode {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly typeVersion: number;
}

interface DisplayOptions {
  readonly show?: Readonly<Record<string, readonly unknown[]>>;
  readonly hide?: Readonly<Record<string, readonly unknown[]>>;
}

export interface INodePropertyOptions {
  readonly name: string;
  readonly value: string;
  readonly action?: string;
  readonly description?: string;
}

export interface INodeProperties {
  readonly displayName: string;
  readonly name: string;
  readonly type: 'string' | 'number' | 'boolean' | 'options' | 'multiOptions' | 'json' | 'notice';
  readonly default: unknown;
  readonly description?: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly noDataExpression?: boolean;
  readonly options?: INodePropertyOptions[];
  readonly typeOptions?: { readonly password?: boolean; readonly minValue?: number; readonly maxValue?: number };
  readonly displayOptions?: DisplayOptions;
}

export interface INodeTypeDescription {
  readonly displayName: string;
  readonly name: string;
  readonly icon: Icon;
  readonly group: string[];
  readonly version: number;
  readonly subtitle: string;
  readonly description: string;
  readonly eventTriggerDescription?: string;
  readonly defaults: { readonly name: string };
  readonly inputs: string[];
  readonly outputs: string[];
  readonly usableAsTool?: true;
  readonly credentials: { readonly name: string; readonly required: boolean }[];
  readonly webhooks?: { name: string; httpMethod: string; responseMode: string; path: string }[];
  readonly properties: INodeProperties[];
}

export interface INodeType {
  description: INodeTypeDescription;
}

export interface INodeExecutionData {
  json: IDataObject;
  error?: NodeApiError | NodeOperationError;
  pairedItem: { item: number };
}

export type IHttpRequestMethods = 'GET' | 'POST' | 'DELETE';
export interface IHttpRequestOptions {
  url: string;
  method?: IHttpRequestMethods;
  qs?: IDataObject;
  headers?: IDataObject;
  body?: IDataObject;
  json?: boolean;
  timeout?: number;
  returnFullResponse?: boolean;
  ignoreHttpStatusErrors?: boolean;
  disableFollowRedirect?: boolean;
}

interface FunctionsBase {
  readonly logger: { warn(message: string): void };
  getCredentials<T extends object>(type: string): Promise<T>;
  getNode(): INode;
  getWorkflow(): { readonly id?: string };
  getWorkflowStaticData(type: 'node'): IDataObject;
  getExecutionId(): string;
  getInstanceId(): string;
  getExecutionContext?(): { readonly establishedAt: number } | undefined;
}

interface RequestHelpers {
  // biome-ignore lint/suspicious/noExplicitAny: as in n8n-workflow.
  httpRequestWithAuthentication(this: object, credential: string, options: IHttpRequestOptions): Promise<any>;
}

export interface IExecuteFunctions extends FunctionsBase {
  readonly helpers: RequestHelpers;
  getInputData(): INodeExecutionData[];
  getNodeParameter(name: string, item: number, fallback?: unknown): unknown;
  getWorkflowDataProxy(item: number): { readonly $runIndex?: number };
  continueOnFail(): boolean;
  isToolExecution?(): boolean;
}

export interface IHookFunctions extends FunctionsBase {
  readonly helpers: RequestHelpers;
  getNodeParameter(name: string, fallback?: unknown): unknown;
  getNodeWebhookUrl(name: 'default'): string | undefined;
}

export interface IWebhookFunctions extends FunctionsBase {
  getHeaderData(): Readonly<Record<string, string | string[] | undefined>>;
  getRequestObject(): object;
  getResponseObject(): { status(code: number): { json(body: unknown): unknown } };
}

export interface IWebhookResponseData {
  readonly workflowData?: { json: IDataObject }[][];
  readonly noWebhookResponse?: boolean;
}

export interface Icon {
  readonly light: string;
  readonly dark: string;
}
export interface ICredentialType {
  name: string;
  displayName: string;
  properties: INodeProperties[];
}
export interface IAuthenticateGeneric {
  readonly type: 'generic';
  readonly properties: { readonly headers: Readonly<Record<string, string>> };
}
export interface ICredentialTestRequest {
  readonly request: { readonly baseURL: string; readonly url: string };
  readonly rules: {
    readonly type: 'responseCode';
    readonly properties: { readonly value: number; readonly message: string };
  }[];
}
