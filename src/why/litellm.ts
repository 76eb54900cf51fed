import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import type { Config } from '../config/schema';
import { sha256 } from '../config/virtual-key';
import { cutterName } from '../cutters/litellm';
import { type Claim, Claims } from '../cutters/litellm/claims';
import { complaint, isUnknownKey } from '../cutters/litellm/client';
import { shortName, virtualKeys } from '../cutters/litellm/keys';
import { bounded } from '../ledger/bounded';
import { ask, type Came } from '../supervision/checks/ask';
import type { Finding } from './finding';
import { judgeKey, keyInfoOf } from './key-judge';
import type { Paper } from './ledger';

/** One LiteLLM that can be asked about keys. */
interface Source {
  readonly url: string;
  /** Without a path. */
  readonly name: string;
  /** Reads `/key/info`: an admin's, or a viewer's. */
  readonly key: string;
  readonly caFile?: string | undefined;
  /** The scopes by which Pullcord blocks keys there, by the hash of the key. */
  readonly held: ReadonlyMap<string, ReadonlySet<string>>;
}

type Configured = Pick<Config, 'cutters' | 'tripwire'>;

export interface KeyAsker {
  /** What every LiteLLM says of a key. Never throws. */
  look(hash: string): Promise<readonly Finding[]>;
  /** The hash of a key by the name that LiteLLM has for it, or why there is none. Never throws. */
  find(alias: string): Promise<{ readonly hash: string } | { readonly why: string; readonly unseen: boolean }>;
}

export interface KeyAskerOptions {
  readonly config: Configured;
  readonly paper: Pick<Paper, 'recall'>;
  readonly now: () => number;
  /** Of each LiteLLM, as a whole. Milliseconds. */
  readonly limitMs: number;
}

const PAGE_SIZE = 100;
const MOST_PAGES = 20;

export function createKeyAsker({ config, paper, now, limitMs }: KeyAskerOptions): KeyAsker {
  const sources = sourcesOf(config);

  async function infoOf(source: Source, hash: string): Promise<Finding> {
    const about = { layer: 'litellm', name: source.name } as const;
    const key = shortName(hash);
    if (sha256(source.key) === hash)
      return {
        ...about,
        verdict: 'passes',
        text: `${key} is the very key by which Pullcord asks: it cannot be blocked.`,
      };
    const came = await get(source, '/key/info', { key: hash }, limitMs);
    if ('code' in came)
      return { ...about, verdict: 'unknown', text: `LiteLLM cannot be reached (${came.code}).`, todo: AWAY };
    if (isUnknownKey(came, hash))
      return {
        ...{ ...about, verdict: 'refuses', text: `It has no ${key}.` },
        answer: `LiteLLM (${source.name}) refuses ${key}: it has no such key`,
        todo: 'Correct the key, or make one in LiteLLM.',
      };
    const info = field(came.data, 'info');
    if (came.status !== 200 || typeof info !== 'object' || info === null)
      return {
        ...about,
        verdict: 'unknown',
        text: `${came.status === 200 ? 'What answers is not LiteLLM' : complaint(came, hash)}.`,
        todo: AWAY,
      };
    const scopes = [...(source.held.get(hash) ?? [])];
    return judgeKey(keyInfoOf(info as Record<string, unknown>), {
      ...{ name: source.name, key, scopes, now: now() },
      claim: await claimOf(source, hash),
    });
  }

  /** Read alone: nothing is noted. */
  async function claimOf({ url, held }: Source, hash: string): Promise<Claim | undefined> {
    if (!held.has(hash)) return 'none';
    const claims = new Claims({ get: paper.recall, set: async () => undefined }, cutterName(url), () => 0);
    return bounded(claims.of(hash), limitMs, 'the ledger').catch(() => undefined);
  }

  return {
    async look(hash) {
      if (sources.length === 0) return [{ layer: 'litellm', verdict: 'unknown', text: NOBODY, todo: CONFIGURE }];
      const found = await Promise.all(sources.map((source) => infoOf(source, hash)));
      const known = found.some((finding) => !isStranger(finding));
      // Each LiteLLM has keys of its own: a key is nobody else's business.
      return known ? found.map((finding) => (isStranger(finding) ? skipped(finding) : finding)) : found;
    },

    async find(alias) {
      if (sources.length === 0) return { why: NOBODY, unseen: true };
      const until = Date.now() + limitMs;
      const found = await Promise.all(sources.map((source) => byAlias(source, alias, () => until - Date.now())));
      const hash = found.find((one) => 'hash' in one);
      const unseen = found.find((one) => 'why' in one && one.unseen);
      return hash ?? unseen ?? { why: `No LiteLLM has a key that is called so.`, unseen: false };
    },
  };
}

const NOBODY = 'No LiteLLM is configured that could be asked about keys.';
const CONFIGURE = 'Name LiteLLM and a key that may read in cutters.litellm, or in tripwire.litellm.database.';
const AWAY = 'Look after LiteLLM and its database: its own logs tell more.';

const isStranger = ({ verdict, answer }: Finding): boolean =>
  verdict === 'refuses' && (answer ?? '').endsWith('no such key');

const skipped = ({ layer, name = '', text }: Finding): Finding => ({ layer, name, verdict: 'skipped', text });

async function byAlias(
  source: Source,
  alias: string,
  left: () => number,
): Promise<{ readonly hash: string } | { readonly why: string; readonly unseen: boolean }> {
  let pages = 1;
  for (let page = 1; page <= Math.min(pages, MOST_PAGES) && left() > 0; page += 1) {
    // Older ones take no notice of key_alias: so all of it is gone through.
    const query = { return_full_object: true, key_alias: alias, size: PAGE_SIZE, page };
    const came = await get(source, '/key/list', query, Math.max(1, left()));
    if ('code' in came) return { why: `${source.name} cannot be reached (${came.code}).`, unseen: true };
    const keys = field(came.data, 'keys');
    if (came.status !== 200 || !Array.isArray(keys))
      return { why: `${source.name} does not list its keys: ${complaint(came, '-')}.`, unseen: true };
    const row = keys.find((one) => field(one, 'key_alias') === alias);
    const token = field(row, 'token');
    if (typeof token === 'string' && /^[0-9a-f]{64}$/.test(token)) return { hash: token };
    pages = Number(field(came.data, 'total_pages')) || 1;
  }
  const seen = pages <= MOST_PAGES && left() > 0;
  return { why: `${source.name} has more keys than were gone through.`, unseen: !seen };
}

function get({ url, key, caFile }: Source, path: string, params: object, limitMs: number): Promise<Came> {
  const ca = caFile === undefined ? {} : { httpsAgent: new Agent({ ca: readFileSync(caFile) }) };
  return ask(limitMs, {
    ...{ url: `${url.replace(/\/+$/, '')}${path}`, params, headers: { authorization: `Bearer ${key}` } },
    ...ca,
  });
}

/** One for each address; who may block reads as well. */
function sourcesOf({ cutters, tripwire }: Configured): readonly Source[] {
  const sources = new Map<string, Source>();
  for (const { url, adminKey } of cutters.litellm) {
    const same = cutters.litellm.filter((entry) => hrefOf(entry.url) === hrefOf(url));
    const held = new Map(virtualKeys(same).map(({ hash, scopes }) => [hash, scopes]));
    sources.set(hrefOf(url), { url, name: nameOf(url), key: adminKey, held });
  }
  for (const { url, caFile, database } of tripwire?.litellm ?? [])
    if (database && !sources.has(hrefOf(url)))
      sources.set(hrefOf(url), { url, name: nameOf(url), key: database.viewerKey, caFile, held: new Map() });
  return [...sources.values()];
}

const hrefOf = (url: string): string => new URL(url).href;
const nameOf = (url: string): string => new URL(url).host;

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
