import { type Request, type Response, Router } from 'express';
import helmet from 'helmet';
import { refuse } from '../http/problem';
import { INDEX, type Page, type Pages } from './pages';

/**
 * The page at `/console`. It holds nothing that isn't in the repository: anybody on the internal network may have it,
 * and sees nothing until they have signed in. Fails towards "nothing here".
 */
export function pageDoor(pages: Pages | undefined): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/console', (_req, res) => res.redirect(308, '/console/'));
  router.get('/console/{*path}', policy, (req, res) => {
    if (!pages)
      return refuse(res, {
        refused: 'not-found',
        detail: 'The console is not built: run npm run build, then start again.',
      });
    const name = req.path.slice('/console/'.length);
    // The page's own addresses have no dot; what has one is a file.
    const page = pages.get(name) ?? (name.includes('.') ? undefined : pages.get(INDEX));
    return page ? send(req, res, page) : refuse(res, { refused: 'not-found' });
  });
  return router;
}

const self = ["'self'"];
const none = ["'none'"];

/** Nothing from another host, nothing inline, and no frame around it. Takes the place of the API's own policy. */
const policy = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    ...{ defaultSrc: none, baseUri: none, frameAncestors: none },
    ...{ scriptSrc: self, styleSrc: self, imgSrc: self, connectSrc: self, manifestSrc: self, workerSrc: self },
    formAction: self,
  },
});

function send(req: Request, res: Response, page: Page): void {
  const coding = (['br', 'gzip'] as const).find((one) => page[one] && req.acceptsEncodings(one) === one);
  const bytes = (coding && page[coding]) ?? page.plain;
  // One for each representation (RFC 9110, 8.8.3).
  const etag = coding ? page.etag.replace(/"$/, `-${coding}"`) : page.etag;
  res.setHeader('cache-control', page.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  res.setHeader('etag', etag);
  res.setHeader('vary', 'accept-encoding');
  if (req.headers['if-none-match'] === etag) return void res.writeHead(304).end();
  res.writeHead(200, {
    'content-type': page.type,
    'content-length': bytes.length,
    ...(coding ? { 'content-encoding': coding } : {}),
  });
  res.end(req.method === 'HEAD' ? undefined : bytes);
}
