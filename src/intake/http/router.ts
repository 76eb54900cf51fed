import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { z } from 'zod';
import type { Desk } from '../../orders/desk';
import type { Refusal, RefusalReason } from '../../orders/reasons';
import { fromThePage, isJson } from '../console/from-the-page';
import { type Bearer, type BearerOptions, bearerOf, type SessionBearer, type TokenBearer } from './bearer';
import { contextOf } from './context';
import { answerErrors } from './errors';
import { type Access, isRight, type Operation, type Operations, operations } from './operations';
import { type Fault, refuse, sendJson, sendText } from './problem';

/** Whom an operation is for: see `Access`. */
type BearerFor<A extends Access> = A extends 'open'
  ? undefined
  : A extends 'page'
    ? SessionBearer | undefined
    : A extends 'session'
      ? SessionBearer
      : A extends 'token' | 'events' | 'relay'
        ? TokenBearer
        : Bearer;

/** What a handler gets: checked, and typed by the operation's schemas. */
export interface Call<O extends Operation> {
  readonly params: z.output<O['params']>;
  readonly query: z.output<O['query']>;
  readonly headers: O extends { readonly headers: infer H extends z.ZodType } ? z.output<H> : undefined;
  readonly body: O extends { readonly body: infer B extends z.ZodType } ? z.output<B> : undefined;
  readonly bearer: BearerFor<O['access']>;
  readonly correlation: string;
}

/** An answer that goes on. */
export interface Streamed {
  readonly status: 200;
  readonly stream: (res: Response) => void;
}

export type Answer<O extends Operation> = O extends { readonly stream: true } ? Streamed : Whole<O>;

type Whole<O extends Operation> = {
  [Status in keyof O['answers'] & number]: {
    readonly status: Status;
    readonly body: z.input<O['answers'][Status]>;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof O['answers'] & number];

export type Handler<O extends Operation> = (call: Call<O>) => Promise<Answer<O> | Refusal>;
export type Handlers = { readonly [Id in keyof Operations]: Handler<Operations[Id]> };

/** Any of them: what they all give back, and a call that only the table can tell the type of. */
type SomeHandler = (call: never) => Promise<Whole<Operation> | Streamed | Refusal>;

export interface RouterOptions extends BearerOptions {
  readonly handlers: Handlers;
  /** Whether one more failed token is still answered and recorded by itself. */
  readonly mayFail: () => boolean;
  readonly refused: Desk['refused'];
}

const BODY_LIMIT_BYTES = 16 * 1024;
const FAULTS_SHOWN = 20;

/**
 * The table of operations as routes. Fails towards "refused": token or session first, then the type and size of the body, then
 * the schemas; a handler runs only when all of it is right.
 */
export function operationRouter({ handlers, mayFail, refused, ...options }: RouterOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const bearers = new WeakMap<Request, Bearer>();

  const note = (req: Request, reason: RefusalReason): void =>
    refused(reason, {
      door: 'api',
      path: req.path.slice(0, 100),
      correlation: contextOf(req).correlation,
      ...aboutBearer(bearers.get(req)),
    });

  const authenticate =
    ({ access }: Operation): RequestHandler =>
    (req, res, next) => {
      const check = bearerOf(options, req);
      if (check.kind === 'refused') {
        const { refusal, guessed, told } = check;
        if (told && !mayFail())
          return refuse(res, { refused: 'too-many-requests' }, { headers: { 'retry-after': '60' } });
        if (told) note(req, refusal.refused);
        const headers = guessed ? { 'www-authenticate': 'Bearer realm="pullcord", error="invalid_token"' } : {};
        return refuse(res, refusal, { headers });
      }
      const { bearer } = check;
      bearers.set(req, bearer);
      const detail = whatIsMissing(access, bearer);
      if (detail === undefined) return next();
      note(req, 'no-right');
      return refuse(res, { refused: 'no-right', detail });
    };

  /** Anybody may, by our own page; who is signed in is known as well. */
  const fromPage: RequestHandler = (req, res, next) => {
    const refusal = fromThePage(req, options.origin);
    if (refusal) {
      note(req, refusal.refused);
      return refuse(res, refusal);
    }
    const check = bearerOf(options, req);
    if (check.kind === 'known' && check.bearer.kind === 'session') bearers.set(req, check.bearer);
    return next();
  };

  const firstOf = (operation: Operation): readonly RequestHandler[] => {
    if (operation.access === 'open') return [];
    return [operation.access === 'page' ? fromPage : authenticate(operation)];
  };

  const jsonOnly: RequestHandler = (req, res, next) => {
    if (!isJson(req.headers)) {
      note(req, 'wrong-media-type');
      return refuse(res, { refused: 'wrong-media-type' }, { headers: { accept: 'application/json' } });
    }
    // The parser would read a body that is too large to its end first.
    if (!(Number(req.get('content-length') ?? 0) > BODY_LIMIT_BYTES)) return next();
    note(req, 'too-large');
    return refuse(res, { refused: 'too-large' }, { headers: { connection: 'close' } });
  };

  const answer =
    (operation: Operation, handle: SomeHandler): RequestHandler =>
    async (req, res) => {
      const { correlation } = contextOf(req);
      const input = parse(operation, req);
      if ('faults' in input) {
        note(req, 'bad-request');
        return refuse(res, { refused: 'bad-request' }, { errors: input.faults });
      }
      // Checked by the schemas of the operation that this handler belongs to, which a loop can't show to the compiler.
      const result = await handle({ ...input, bearer: bearers.get(req), correlation } as never);
      if ('refused' in result) return refuse(res, result);
      if ('stream' in result) {
        if (req.method === 'HEAD') return void res.writeHead(200, { 'content-type': 'text/event-stream' }).end();
        return result.stream(res);
      }
      if (operation.gives !== undefined && result.status === 200)
        return sendText(res, operation.gives, String(result.body), result.headers);
      if (result.body === undefined) return void res.writeHead(result.status, result.headers).end();
      return sendJson(res, result.status, result.body, result.headers);
    };

  const methods = new Map<string, string[]>();
  for (const [id, operation] of Object.entries(operations) as [keyof Operations, Operation][]) {
    const path = operation.path.replace(/\{(\w+)\}/g, ':$1');
    const body = operation.body ? [jsonOnly, express.json({ limit: BODY_LIMIT_BYTES, inflate: false })] : [];
    router[operation.method](path, ...firstOf(operation), ...body, answer(operation, handlers[id]));
    methods.set(path, [...(methods.get(path) ?? []), ...methodsOf(operation)]);
  }
  for (const [path, allowed] of methods)
    router.all(path, (_req: Request, res: Response) =>
      refuse(res, { refused: 'wrong-method' }, { headers: { allow: allowed.join(', ') } }),
    );
  router.use(answerErrors(note));
  return router;
}

const aboutBearer = (bearer: Bearer | undefined): Readonly<Record<string, string>> => {
  if (!bearer) return {};
  return bearer.kind === 'token' ? { token: bearer.name } : { by: bearer.by };
};

/** What keeps this bearer from the operation, in words; undefined where nothing does. */
function whatIsMissing(access: Access, { kind, rights }: Bearer): string | undefined {
  if (access === 'token' || access === 'session') return access === kind ? undefined : `It takes a ${access}.`;
  if (!isRight(access)) return undefined;
  const wanted: readonly string[] = Array.isArray(access) ? access : [access];
  if (rights.some((right) => wanted.includes(right))) return undefined;
  return `${kind === 'token' ? 'The token needs' : 'You need'} the right ${wanted.join(' or ')}.`;
}

/** Express answers HEAD as it would GET. */
const methodsOf = ({ method }: Operation): string[] => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]);

type Input = Pick<Call<Operation>, 'params' | 'query'> & { readonly headers?: unknown; readonly body?: unknown };

/** Checks all parts, so that one answer names all faults. */
function parse(operation: Operation, req: Request): Input | { readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const part = (place: Fault['in'], schema: z.ZodType | undefined, value: unknown): unknown => {
    const result = schema?.safeParse(value);
    if (result?.success === false)
      for (const { path, message } of result.error.issues.slice(0, FAULTS_SHOWN))
        faults.push({ in: place, path: path.join('.'), detail: message });
    return result?.data;
  };
  const input = {
    params: part('path', operation.params, { ...req.params }),
    query: part('query', operation.query, { ...req.query }),
    headers: part('header', operation.headers, req.headers),
    body: part('body', operation.body, req.body),
  };
  return faults.length > 0 ? { faults } : input;
}
