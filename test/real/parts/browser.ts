import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { chromium as chromiumPath } from './install';

export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } as const;
export const desk = { viewport: { width: 1280, height: 800 } } as const;

/** A person's browser, with its own cookies and storage, which notes what no page of ours may do. */
export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Requests to any other host, errors of scripts, what the CSP forbade: none, ever. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

export interface Visits {
  readonly browser: Browser;
  visitor(options?: BrowserContextOptions): Promise<Visitor>;
  close(): Promise<void>;
}

/** @param origin of the console: the only host that may be asked. */
export async function startBrowser(origin: string): Promise<Visits> {
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-component-update', '--disable-background-networking'],
  });
  return {
    browser,
    visitor: async (options = phone) => {
      const context = await browser.newContext({ baseURL: origin, ...options });
      context.setDefaultTimeout(10_000);
      const faults: string[] = [];
      context.on('request', (request) => {
        if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin)
          faults.push(`a request to ${request.url()}`);
      });
      // Of a request that failed, or was refused: those are meant, and looked at where they happen.
      const meant = /^Failed to load resource/;
      context.on('console', (message) => {
        if (message.type() === 'error' && !meant.test(message.text())) faults.push(message.text());
      });
      context.on('weberror', (error) => faults.push(String(error.error())));
      return { context, page: await context.newPage(), faults, close: () => context.close() };
    },
    close: () => browser.close(),
  };
}

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
  readonly passes: readonly unknown[];
}

/** What axe finds of WCAG 2.2 AA and of its own best practices, one line each. */
export async function axe(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const run = `axe.run(document, { runOnly: ${JSON.stringify(tags)} })`;
  const { violations, passes } = (await page.evaluate(run)) as AxeResults;
  if (passes.length === 0) throw new Error('axe looked at nothing');
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

/** CSS pixels by which the page is wider than its window. */
export const overhang = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth') as Promise<number>;
