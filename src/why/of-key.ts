import type { Config } from '../config/schema';
import { virtualKeys } from '../cutters/litellm/keys';
import type { Finding } from './finding';
import { lookAtLedger } from './ledger';
import { type Holding, latched } from './ledger-findings';
import { PASSES, type Parts } from './parts';
import type { Subject } from './subject';

type Key = Extract<Subject, { kind: 'key' }>;

const NO_PATH = 'A key alone says no path: ask by the path, too.';
const ALIAS = 'Ask by its hash (SHA-256 of sk-…), which LiteLLM and the tripwire show.';

/** Who refuses a virtual key. */
export async function ofKey(parts: Parts, subject: Key): Promise<readonly Finding[]> {
  const { config, paper, keys, now, limitMs } = parts;
  const found = await hashOf(parts, subject);
  const ledger = lookAtLedger(paper, limitMs);
  if ('why' in found)
    return [
      { layer: 'gateway', verdict: 'skipped', text: NO_PATH },
      { layer: 'litellm', verdict: 'unknown', text: found.why, todo: ALIAS },
      ...latched(await ledger, { scopes: undefined, marked: false, unknown: PASSES }, now()),
    ];
  const scopes = heldBy(config, found.hash);
  const holding: Holding = { scopes: scopes.size > 0 ? scopes : undefined, marked: false, unknown: PASSES };
  return [
    { layer: 'gateway', verdict: 'skipped', text: NO_PATH },
    ...(await keys.look(found.hash)),
    ...latched(await ledger, holding, now()),
  ];
}

/** The configuration's own names come first. */
async function hashOf({ config, keys }: Parts, subject: Key) {
  if ('hash' in subject) return subject;
  const configured = config.tripwire?.keys ?? {};
  const own = Object.hasOwn(configured, subject.alias) ? configured[subject.alias] : undefined;
  return own ? { hash: own.key } : keys.find(subject.alias);
}

/** The scopes by which Pullcord blocks a key, and those that a trip of it severs. */
function heldBy({ cutters, tripwire }: Pick<Config, 'cutters' | 'tripwire'>, hash: string): ReadonlySet<string> {
  const blocked = virtualKeys(cutters.litellm).find((one) => one.hash === hash)?.scopes ?? [];
  const tripped = Object.values(tripwire?.keys ?? {}).flatMap(({ key, scope }) =>
    key === hash && scope !== undefined ? [scope] : [],
  );
  return new Set([...blocked, ...tripped]);
}
