import type { Config } from '../../config/schema';
import type { Cutter, Sight } from '../cutter';
import type { Memory } from '../memory';
import { heldToo } from '../preview';
import { Claims } from './claims';
import { createLiteLLMClient } from './client';
import { KeyPass, type Standing } from './key-pass';
import { shortName, type VirtualKey, virtualKeys } from './keys';

type Entry = Config['cutters']['litellm'][number];

export interface LiteLLMCuttersOptions {
  readonly config: Config['cutters']['litellm'];
  /** All the scopes that are configured. */
  readonly scopes: readonly string[];
  readonly memory: Memory;
  /** Milliseconds that only grow. */
  readonly monotonic?: () => number;
  /** Milliseconds, for each call. */
  readonly timeoutMs?: number;
}

/** A worker believes its cache for 60 s, and longer under load (BerriAI/litellm#25553): tell each of them again. */
const REPEAT_MS = 120_000;
const TIMEOUT_MS = 2_000;

/**
 * One cutter for each LiteLLM: entries that name the same one are taken together, or they would undo each other.
 * @throws Error when a configured key can't be one that LiteLLM blocks.
 */
export function createLiteLLMCutters(options: LiteLLMCuttersOptions): Cutter[] {
  const byUrl = new Map<string, Entry[]>();
  for (const entry of options.config) {
    const { href } = new URL(entry.url);
    byUrl.set(href, [...(byUrl.get(href) ?? []), entry]);
  }
  return [...byUrl.values()].map((entries) => createCutter(entries, options));
}

/** Under which a LiteLLM's blocks are remembered. */
export const cutterName = (url: string): string => `litellm ${new URL(url).host}`;

/**
 * Blocks virtual keys while one of their scopes is severed. Fails towards "blocked": a key that can't be read is
 * blocked unseen, and one that can't be shown to be ours is never unblocked. The second cut, never the only one:
 * LiteLLM lets streams that are open run on.
 */
function createCutter(entries: readonly Entry[], options: LiteLLMCuttersOptions): Cutter {
  const [{ url, adminKey }] = entries as readonly [Entry];
  const name = cutterName(url);
  const keys = virtualKeys(entries);
  const monotonic = options.monotonic ?? (() => performance.now());
  const client = createLiteLLMClient({ url, adminKey, timeoutMs: options.timeoutMs ?? TIMEOUT_MS });
  const claims = new Claims(options.memory, name, monotonic);
  const repeatUntil = new Map<string, number>();

  const hold = async (pass: KeyPass, hash: string): Promise<Standing> => {
    const until = repeatUntil.get(hash);
    const standing = await pass.hold(hash, until === undefined || monotonic() < until);
    if (standing.sight === 'refused' && (until === undefined || standing.drift !== undefined))
      repeatUntil.set(hash, monotonic() + REPEAT_MS);
    return standing;
  };

  return {
    name,
    required: entries.some((entry) => entry.required),

    async enforce(goal, overtaken) {
      const pass = new KeyPass({ client, claims, goal, overtaken });
      const seen = await Promise.all(
        keys.map(async (key) => {
          const held = isHeld(key, goal.severed);
          if (!held) repeatUntil.delete(key.hash);
          return { key, held, standing: held ? await hold(pass, key.hash) : await pass.release(key.hash) };
        }),
      );
      const standings = seen.map(({ standing }) => standing);
      return {
        sights: new Map(options.scopes.map((scope) => [scope, sightOf(scope, goal.severed.has(scope), seen)])),
        missing: standings.flatMap(({ missing }) => missing ?? []),
        drift: standings.flatMap(({ drift }) => drift ?? []),
        writes: standings.flatMap(({ write }) => write ?? []),
        cut: standings.filter(({ sight }) => sight === 'refused').length,
      };
    },

    preview(scope, severed) {
      const others = [...severed].filter((one) => one !== scope);
      const own = keys.filter((key) => key.scopes.has(scope));
      const holders = (key: VirtualKey): string[] => others.filter((one) => key.scopes.has(one));
      const freed = own.filter((key) => holders(key).length === 0).map(({ hash }) => shortName(hash));
      return {
        routes: [],
        others:
          freed.length === 0
            ? []
            : [`unblocks ${freed.join(', ')}, where Pullcord blocked ${freed.length === 1 ? 'it' : 'them'}`],
        stays: own
          .filter((key) => holders(key).length > 0)
          .map((key) => ({ gateway: name, id: shortName(key.hash), why: heldToo(holders(key)) })),
      };
    },

    async close() {
      client.close();
    },
  };
}

const isHeld = ({ scopes }: VirtualKey, severed: ReadonlySet<string>): boolean =>
  [...scopes].some((scope) => severed.has(scope));

interface Seen {
  readonly key: VirtualKey;
  readonly held: boolean;
  readonly standing: Standing;
}

/** A scope that is restored while another one holds its keys: there is nothing more to do for it, nor to say. */
function sightOf(scope: string, severed: boolean, seen: readonly Seen[]): Sight {
  const own = seen.filter(({ key }) => key.scopes.has(scope));
  if (own.length === 0) return 'none';
  if (severed) return own.every(({ standing }) => standing.sight === 'refused') ? 'refused' : 'unseen';
  const free = own.filter(({ held }) => !held);
  if (free.some(({ standing }) => standing.sight !== 'served')) return 'unseen';
  return free.length === own.length ? 'served' : 'none';
}
