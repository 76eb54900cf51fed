import type { AxiosInstance } from 'axios';
import { ask, type Head } from './ask';
import { isKeyRow, type KeyRow } from './key-row';
import type { DatabaseLook, Unseen } from './look';
import { unseen } from './remedies';

/** LiteLLM's own table of keys, page by page, the dearest first. */
export interface KeyList {
  /** Never throws. */
  look(signal: AbortSignal): Promise<{ readonly look: DatabaseLook; readonly rows: readonly KeyRow[] }>;
}

export interface KeyListOptions {
  /** LiteLLM's address. */
  readonly url: string;
  /** A key of the role `proxy_admin_viewer`. */
  readonly viewerKey: string;
  /** Milliseconds, for each page. */
  readonly timeoutMs: number;
  readonly http: AxiosInstance;
  readonly now: () => number;
}

interface Page {
  readonly keys: readonly unknown[];
  readonly pages: number;
}

/** The largest that LiteLLM takes. */
const PAGE_SIZE = 100;
const MAX_PAGES = 50;
const MAX_PAGE_BYTES = 4 * 1_048_576;

export function createKeyList({ url, viewerKey, timeoutMs, http, now }: KeyListOptions): KeyList {
  async function page(number: number, signal: AbortSignal): Promise<Page | Unseen> {
    const text: string[] = [];
    let parsed: Page | undefined;
    const trouble = await ask({
      ...{ http, timeoutMs, signal, token: viewerKey, accept: 'application/json', maxBytes: MAX_PAGE_BYTES },
      url: pageUrl(url, number),
      onHead: refusal,
      onText: (piece) => text.push(piece),
      onEnd: () => {
        parsed = pageOf(JSON.parse(text.join('')));
      },
      onError: (error) =>
        error instanceof SyntaxError ? unseen('malformed', 'The list of keys is not JSON') : undefined,
    });
    return trouble ?? parsed ?? unseen('not-metrics', 'What answers is not a list of keys');
  }

  return {
    async look(signal) {
      // Between two pages a key may move to the other: by its hash, it counts once.
      const rows = new Map<string, KeyRow>();
      let pages = 1;
      for (let number = 1; number <= Math.min(pages, MAX_PAGES); number += 1) {
        const answer = await page(number, signal);
        if ('ok' in answer) return { look: { ...answer, at: now() }, rows: [] };
        pages = answer.pages;
        for (const row of answer.keys) if (isKeyRow(row)) rows.set(row.token, row);
      }
      return { look: { ok: true, at: now(), keys: rows.size, whole: pages <= MAX_PAGES }, rows: [...rows.values()] };
    },
  };
}

function pageUrl(url: string, number: number): string {
  const list = new URL(url);
  list.pathname = `${list.pathname.replace(/\/+$/, '')}/key/list`;
  list.search = String(
    new URLSearchParams({
      return_full_object: 'true',
      sort_by: 'spend',
      sort_order: 'desc',
      size: String(PAGE_SIZE),
      page: String(number),
    }),
  );
  return list.href;
}

function pageOf(body: unknown): Page | undefined {
  const { keys, total_pages: pages } = (body ?? {}) as { keys?: unknown; total_pages?: unknown };
  return Array.isArray(keys) && typeof pages === 'number' ? { keys, pages } : undefined;
}

function refusal({ status }: Head): Unseen | undefined {
  if (status === 200) return undefined;
  if (status === 401 || status === 403)
    return unseen('unauthorised', `LiteLLM refuses the viewer's key (${status})`, VIEWER);
  if (status === 500) return unseen('no-database', 'LiteLLM does not list its keys (500)');
  return unseen('bad-status', `LiteLLM answered ${status} when asked for its keys`);
}

const VIEWER = 'Give database.viewerKey a key whose user has the role proxy_admin_viewer.';
