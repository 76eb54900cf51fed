import type { Response } from 'express';
import { type Refusal, type RefusalReason, reasons } from '../../orders/reasons';
import { jsonLine } from '../../printable';

/** A request's part that is wrong. Names the place and what is expected there, never the value that was sent. */
export interface Fault {
  readonly in: 'path' | 'query' | 'header' | 'body';
  /** Dotted; empty for the whole. */
  readonly path: string;
  readonly detail: string;
}

/** Problem details (RFC 9457, 3.1); `reason` and `errors` are extension members (3.2). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly reason: RefusalReason;
  readonly errors?: readonly Fault[] | undefined;
}

export function problem(refusal: Refusal, errors: readonly Fault[] = []): Problem {
  const { refused, detail } = refusal;
  const { status, advice } = reasons[refused];
  const words = refused.replaceAll('-', ' ');
  return {
    type: `urn:pullcord:refusal:${refused}`,
    title: words.charAt(0).toUpperCase() + words.slice(1),
    status,
    detail: detail === undefined ? advice : `${advice} ${detail}`,
    reason: refused,
    ...(errors.length > 0 ? { errors } : {}),
  };
}

/** These codes prove a person, not a token: RFC 9470 has a name for wanting more than the token shows. */
const STEP_UP: readonly RefusalReason[] = ['code-missing', 'code-wrong', 'code-used', 'bare-stop'];

/** RFC 9110, 15.5.2: a 401 has to say how to authenticate; RFC 6750, 3: with which error. */
function challenge(reason: RefusalReason): string | undefined {
  const realm = 'Bearer realm="pullcord"';
  if (STEP_UP.includes(reason)) return `${realm}, error="insufficient_user_authentication"`;
  if (reason === 'no-right') return `${realm}, error="insufficient_scope"`;
  return reasons[reason].status === 401 ? realm : undefined;
}

/** Answers with a refusal. Headers that are handed in win over those that the reason brings along. */
export function refuse(
  res: Response,
  refusal: Refusal,
  { errors = [], headers = {} }: { errors?: readonly Fault[]; headers?: Readonly<Record<string, string>> } = {},
): void {
  const authenticate = challenge(refusal.refused);
  const body = problem(refusal, errors);
  sendJson(res, body.status, body, {
    'content-type': 'application/problem+json',
    ...(authenticate === undefined ? {} : { 'www-authenticate': authenticate }),
    ...headers,
  });
}

/** Says exactly what is sent: no charset parameter, which JSON doesn't have (RFC 8259, 11), and no ETag. */
export function sendJson(
  res: Response,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(jsonLine(body));
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers });
  res.end(bytes);
}

/** @param type the media type, with its charset. */
export function sendText(
  res: Response,
  type: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(text);
  res.writeHead(200, { 'content-type': type, 'content-length': bytes.length, ...headers });
  res.end(bytes);
}
