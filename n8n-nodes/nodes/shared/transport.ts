import type {
  IDataObject,
  IExecuteFunctions,
  IHookFunctions,
  IHttpRequestMethods,
  IHttpRequestOptions,
} from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { type Failure, explainAnswer, explainSilence } from './failure';

/** What runs a request: the node, or the hooks of the trigger. */
export type Context = IExecuteFunctions | IHookFunctions;

/** The rights of a token that Pullcord knows; none of them restores. */
export type Right = 'stop' | 'status' | 'events' | 'relay' | 'drill';

export interface ApiRequest {
  readonly method: IHttpRequestMethods;
  /** From the root of the internal API on, such as `/api/v1/orders`. */
  readonly path: string;
  readonly query?: IDataObject;
  readonly headers?: IDataObject;
  readonly body?: IDataObject;
  /** What the token has to have; undefined where anybody may ask. */
  readonly right?: Right | undefined;
  /** A status that is an answer too, besides 200 to 299. */
  readonly alsoGood?: number;
  /** A field that every good answer has; without it, it isn't Pullcord that answers. */
  readonly expects?: string;
  /** How long Pullcord is asked to wait before it answers. Seconds. */
  readonly waitSeconds?: number;
}

export type Answer =
  | { readonly ok: true; readonly body: IDataObject }
  | { readonly ok: false; readonly failure: Failure };

/** How long Pullcord may take, beyond what it was asked to wait. Milliseconds. */
const PATIENCE_MS = 20_000;

interface FullResponse {
  readonly statusCode: number;
  readonly body: unknown;
}

/**
 * Sends one request to Pullcord's internal API, with the token of the credential. A refusal is a value: only a
 * credential that can't be used at all throws. No redirect is followed: the token goes nowhere else.
 */
export async function ask(context: Context, request: ApiRequest): Promise<Answer> {
  const baseUrl = await baseUrlOf(context);
  const { method, path, query, headers, body, alsoGood, expects, waitSeconds = 0 } = request;
  const options: IHttpRequestOptions = {
    method,
    url: `${baseUrl}${path}`,
    ...(query || waitSeconds > 0 ? { qs: { ...query, ...(waitSeconds > 0 ? { wait: waitSeconds } : {}) } } : {}),
    ...(headers ? { headers } : {}),
    ...(body ? { body } : {}),
    json: true,
    timeout: waitSeconds * 1000 + PATIENCE_MS,
    returnFullResponse: true,
    ignoreHttpStatusErrors: true,
    disableFollowRedirect: true,
  };
  let response: FullResponse;
  try {
    response = await context.helpers.httpRequestWithAuthentication.call(context, 'pullcordApi', options);
  } catch (error) {
    return { ok: false, failure: explainSilence(error, baseUrl) };
  }
  const { statusCode, body: answered } = response;
  const good = (statusCode >= 200 && statusCode < 300) || statusCode === alsoGood;
  if (good && expects === undefined) return { ok: true, body: {} };
  if (good && isObject(answered) && answered[expects ?? ''] !== undefined) return { ok: true, body: answered };
  return { ok: false, failure: explainAnswer({ status: statusCode, body: answered, baseUrl, right: request.right }) };
}

/** Without the slash at its end. */
async function baseUrlOf(context: Context): Promise<string> {
  const { baseUrl } = await context.getCredentials<{ baseUrl?: unknown }>('pullcordApi');
  const url = String(baseUrl ?? '')
    .trim()
    .replace(/\/+$/, '');
  if (/^https?:\/\/[^/\s]+/i.test(url)) return url;
  throw new NodeOperationError(context.getNode(), 'The base URL of the Pullcord credential is not a URL', {
    description: 'Open the credential and write where Pullcord listens, for example http://127.0.0.1:8081',
  });
}

export const isObject = (value: unknown): value is IDataObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
