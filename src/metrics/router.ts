import { type Request, type Response, Router } from 'express';
import { Registry } from 'prom-client';
import { refuse } from '../intake/http/problem';
import { processMetrics } from './process';

export const METRICS_PATH = '/metrics';

/**
 * `GET /metrics`, open as `/readyz` is: counts and states, no key, no number, no name of a person. One scrape at a time
 * serves all who ask meanwhile.
 */
export function metricsRouter(registry: Registry): Router {
  const router = Router({ caseSensitive: true, strict: true });
  let scraping: Promise<string> | undefined;
  const scrape = (): Promise<string> => {
    scraping ??= Promise.all([registry.metrics(), processMetrics().metrics()])
      .then((texts) => texts.join('\n'))
      .finally(() => {
        scraping = undefined;
      });
    return scraping;
  };
  router.get(METRICS_PATH, async (_req: Request, res: Response) => {
    const text = await scrape();
    res.writeHead(200, { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE, 'cache-control': 'no-store' }).end(text);
  });
  router.all(METRICS_PATH, (_req: Request, res: Response) =>
    refuse(res, { refused: 'wrong-method' }, { headers: { allow: 'GET, HEAD' } }),
  );
  return router;
}
