/** Where the page is, in the part of its address that no server sees: every place can be linked to. */

export const pages = ['now', 'spend', 'incidents', 'line', 'why'] as const;
export type Page = (typeof pages)[number];

export interface Route {
  readonly page: Page;
  /** After the page: an incident's number, what to ask about. */
  readonly rest?: string;
}

/** What is not known leads to where the button is. */
export function readRoute(hash: string): Route {
  const [, name = '', rest] = /^#?\/?([a-z]*)(?:\/(.+))?$/s.exec(hash) ?? [];
  const page = pages.find((one) => one === name);
  if (page === undefined) return { page: 'now' };
  const text = rest === undefined ? undefined : decoded(rest);
  return text ? { page, rest: text } : { page };
}

export function address(page: Page, rest?: string): string {
  return rest === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(rest)}`;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
