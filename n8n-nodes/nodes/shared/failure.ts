import type { IDataObject, INode, JsonObject } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';
import { adviceFor } from './advice';

/** What went wrong, in the words of the workflow's author. Holds no secret: n8n keeps errors with the execution. */
export interface Failure {
  /** What happened; n8n shows it as the headline. */
  readonly message: string;
  /** What to do now. */
  readonly description: string;
  /** One of Pullcord's reasons, or one of this node's, for workflows that branch on it. */
  readonly reason: string;
  /** The HTTP status, where there was an answer. */
  readonly status?: number;
  /** What else is known: the order's number, what is missing. */
  readonly facts?: IDataObject;
}

/** Every failure becomes this one error, made of its own words alone: what axios would add holds the token. */
export function asError(node: INode, failure: Failure, itemIndex?: number): NodeApiError {
  const { message, description, reason, status, facts } = failure;
  const response = { reason, ...(status === undefined ? {} : { status }), ...facts } as JsonObject;
  const error = new NodeApiError(node, response, {
    message,
    description,
    ...(status === undefined ? {} : { httpCode: String(status) }),
    ...(itemIndex === undefined ? {} : { itemIndex }),
  });
  error.context.data = response;
  return error;
}

export interface Refused {
  readonly status: number;
  readonly body: unknown;
  readonly baseUrl: string;
  /** What the request needs, if anything. */
  readonly right?: string | undefined;
}

/** What an answer that isn't a good one means: Pullcord's problem document (RFC 9457), or somebody else's page. */
export function explainAnswer({ status, body, baseUrl, right }: Refused): Failure {
  const problem = typeof body === 'object' && body !== null ? (body as IDataObject) : {};
  const { reason, detail } = problem;
  if (typeof reason !== 'string' || typeof detail !== 'string') return notPullcord(status, baseUrl);
  const title = typeof problem.title === 'string' ? problem.title : reason;
  const advice = adviceFor(reason, right) ?? { message: `Pullcord refused: ${title}`, description: '' };
  const faults = faultsOf(problem.errors);
  const said = `Pullcord says: ${detail}${faults === '' ? '' : ` (${faults})`}`;
  return { message: advice.message, description: `${advice.description} ${said}`.trim(), reason, status };
}

function faultsOf(errors: unknown): string {
  if (!Array.isArray(errors)) return '';
  return (errors as IDataObject[])
    .map(({ in: place, path, detail }) => `${String(place)} ${String(path)}: ${String(detail)}`)
    .join('; ');
}

function notPullcord(status: number, baseUrl: string): Failure {
  const redirects = status >= 300 && status < 400;
  const gateway = status === 502 || status === 503 || status === 504;
  const what = redirects ? 'It redirects, which is not followed.' : `It answered with HTTP status ${status}.`;
  const then = gateway
    ? 'A proxy answered in its place: see whether Pullcord runs.'
    : 'Set the base URL of the credential to its internal listener (port 8081 unless configured otherwise).';
  return {
    message: `What answers at ${baseUrl} is not the internal API of Pullcord`,
    description: `${what} ${then}`,
    reason: 'not-pullcord',
    status,
  };
}

/** Told apart by code, as Node.js and axios give it; what n8n makes of it is for any service. */
const silences: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there. See whether Pullcord runs, and whether listen.internal lets n8n in.',
  ENOTFOUND: 'Its host name is unknown to n8n. Correct the base URL of the credential.',
  EAI_AGAIN: 'Its host name could not be looked up just now: DNS did not answer.',
  ETIMEDOUT: 'It did not answer in time. See whether a firewall stands between n8n and Pullcord.',
  ECONNABORTED: 'It did not answer in time. See whether a firewall stands between n8n and Pullcord.',
  EHOSTUNREACH: 'There is no way from n8n to that host. See whether both are in the management network.',
  ENETUNREACH: 'There is no way from n8n to that host. See whether both are in the management network.',
  ECONNRESET: 'The connection was cut while it was under way. Try again; Retry On Fail does so by itself.',
  EPIPE: 'The connection was cut while it was under way. Try again; Retry On Fail does so by itself.',
  ERR_CANCELED: 'The execution was cancelled.',
  ERR_INVALID_URL: 'That is not a URL. Correct the base URL of the credential.',
};

/** Nobody answered. */
export function explainSilence(error: unknown, baseUrl: string): Failure {
  const code = codeOf(error);
  const known = code === undefined ? undefined : silences[code];
  const certificate = code !== undefined && /CERT|SELF_SIGNED|TLS|SSL|UNABLE_TO_VERIFY/.test(code);
  const words = error instanceof Error ? error.message : 'The request failed.';
  const why = certificate ? 'n8n does not trust its certificate: see NODE_EXTRA_CA_CERTS.' : (known ?? words);
  return {
    message: `Pullcord cannot be reached at ${baseUrl}`,
    description: code === undefined ? why : `${why} (${code})`,
    reason: 'unreachable',
  };
}

/** n8n wraps what axios throws: the code stands in the wrapper's `httpCode`, or in the cause. */
function codeOf(error: unknown): string | undefined {
  for (let one = error, depth = 0; typeof one === 'object' && one !== null && depth < 5; depth++) {
    const { code, httpCode, cause } = one as { code?: unknown; httpCode?: unknown; cause?: unknown };
    for (const found of [code, httpCode]) if (typeof found === 'string' && /^[A-Z][A-Z_]+$/.test(found)) return found;
    one = cause;
  }
  return undefined;
}
