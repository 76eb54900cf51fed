import express, { type Express, type RequestHandler, type Router } from 'express';
import { type ContextOptions, contextOf, giveContext } from './context';
import { answerErrors } from './errors';
import { refuse } from './problem';
import { securityHeaders } from './security-headers';
import { turnstile } from './turnstile';

/**
 * The two listeners' applications. Both fail towards "nothing here": what isn't named is a 404, and no answer tells
 * what runs behind it.
 */

function bare(context: ContextOptions, quietRefusals: boolean): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(giveContext(context, quietRefusals), securityHeaders());
  if (context.traced) app.use(context.traced);
  return app;
}

export interface PublicAppOptions extends ContextOptions {
  /** What answers `POST /sms/<provider>`, by the name of the provider. */
  readonly sms: Readonly<Record<string, RequestHandler>>;
}

/** What the internet may see: `POST /sms/<provider>` and `GET /healthz`. */
export function publicApp({ sms, ...context }: PublicAppOptions): Express {
  const app = bare(context, true);
  app.use(turnstile());
  app.get('/healthz', (_req, res) => {
    res.type('text').send('ok\n');
  });
  for (const [provider, handler] of Object.entries(sms)) app.post(`/sms/${provider}`, handler);
  app.use((_req, res) => {
    res.status(404).end();
  });
  app.use(((error: unknown, req, res, _next) => {
    contextOf(req).log.error({ err: error }, 'a request failed');
    if (res.headersSent) res.destroy();
    else res.status(500).end();
  }) satisfies express.ErrorRequestHandler);
  return app;
}

export interface InternalAppOptions extends ContextOptions {
  /** The API, and what else is on the internal listener: the console, the metrics. */
  readonly routers: readonly Router[];
}

export function internalApp({ routers, ...context }: InternalAppOptions): Express {
  const app = bare(context, false);
  for (const router of routers) app.use(router);
  app.use((_req, res) => refuse(res, { refused: 'not-found' }));
  app.use(answerErrors());
  return app;
}
