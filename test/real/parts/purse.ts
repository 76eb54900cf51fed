import { Feed } from '../../../src/tripwire/feed/feed';
import type { Usage } from '../../../src/tripwire/reading';
import type { Look, Scrape } from '../../../src/tripwire/scrape/look';
import { createSource } from '../../../src/tripwire/scrape/source';
import { until } from '../../support/until';
import { type Litellm, MASTER_KEY_NAME } from './litellm';

/** Looks at LiteLLM as the tripwire does, and adds up what the feed makes of it, by model. */
export interface Purse {
  look(): Promise<Look>;
  /** A look that has to show something. */
  see(): Promise<Scrape>;
  /** One request, and the look that shows it: the first one, long ago. It may be what was there before. */
  begin(litellm: Litellm): Promise<void>;
  /** Since then. */
  spent(model: string): Usage;
  close(): Promise<void>;
}

/** What shows soon after the first look may have been there before it. It lies in the past, that nobody has to wait. */
const LONG_AGO_MS = 15 * 60_000;
const PATIENCE_MS = 20_000;

export function openPurse(url: string, token?: string): Purse {
  let backMs = 0;
  const source = createSource({
    ...{ name: 'proxy', url, token, timeoutMs: 10_000 },
    ...{ now: () => Date.now() - backMs, monotonic: () => performance.now() },
  });
  const feed = new Feed();
  const sums = new Map<string, Usage>();
  const spent = (model: string): Usage => sums.get(model) ?? { spendUsd: 0, promptTokens: 0, completionTokens: 0 };

  async function look(): Promise<Look> {
    const seen = await source.look(new AbortController().signal);
    for (const reading of seen.ok ? seen.scrape.readings : []) {
      const increment = feed.take(reading);
      if (!increment) continue;
      expect(increment.key).toBe(MASTER_KEY_NAME);
      const before = spent(increment.model);
      sums.set(increment.model, {
        spendUsd: before.spendUsd + increment.spendUsd,
        promptTokens: before.promptTokens + increment.promptTokens,
        completionTokens: before.completionTokens + increment.completionTokens,
      });
    }
    return seen;
  }

  async function see(): Promise<Scrape> {
    const seen = await look();
    if (!seen.ok) throw new Error(seen.detail);
    return seen.scrape;
  }

  return {
    ...{ look, see, spent },
    async begin(litellm) {
      backMs = LONG_AGO_MS;
      expect(await litellm.chat('priced')).toBe(200);
      await until(async () => {
        return (await see()).readings.length > 0;
      }, PATIENCE_MS);
      backMs = 0;
      sums.clear();
    },
    close: () => source.close(),
  };
}
