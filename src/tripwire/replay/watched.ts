import { type Tripwire, tripwire } from '../../config/tripwire';
import { explain } from '../explain';
import type { SubjectSettings } from '../settings';
import { settingsOf } from '../settings-of';
import type { Signal, Subject } from '../signal';
import { type KeyNames, Subjects } from '../subjects';
import type { KeysFile } from './keys-file';
import type { Row } from './rows';

/** Who is watched in a recording, how, and what they are called. */
export interface Watched {
  readonly settingsOf: (subject: Subject) => SubjectSettings;
  readonly isWatched: (key: string) => boolean;
  /** What the recording says of a key. */
  readonly learn: (row: Pick<Row, 'key' | 'team' | 'alias'>) => void;
  readonly teamOf: (key: string) => string | undefined;
  /** Whether a trip of this subject would have cut, or been told alone. */
  readonly severs: (subject: Subject) => boolean;
  /** `key agent-1`, `team research`, `all keys`. */
  readonly nameOf: (subject: Subject) => string;
  /** What the configuration calls a key, or the recording. */
  readonly aliasOf: (key: string) => string | undefined;
  /** Why, in one line. */
  readonly explain: (signal: Signal) => string;
}

/** A key's hash is told by its beginning, as in the live watch; names of a recording's own are told whole. */
const HASH = /^[0-9a-f]{64}$/i;
/** Keys whose teams and names are remembered. */
const CAPACITY = 100_000;
const NOTHING = tripwire.parse({ litellm: [{ url: 'http://127.0.0.1' }] });

/**
 * As `pullcord.yaml` has it, with what the file of keys says of single ones. Without a configuration the file of keys
 * is all that is known: there are no ceilings, everybody is watched, and so is every team that the recording names.
 */
export function watchedBy(config: Tripwire | undefined, keys: KeysFile): Watched {
  const watching = withKeys(config ?? NOTHING, keys);
  const names = new Map<string, KeyNames>();
  const namesOf = (key: string) => ({ alias: HASH.test(key) ? undefined : key, ...names.get(key) });
  const subjects = new Subjects({ config: watching, defaultScope: '', namesOf });
  return {
    settingsOf: config ? (subject) => settingsOf(watching, subject) : settingsOfKeys(keys),
    isWatched: (key) => subjects.isWatched(key),
    learn: ({ key, team, alias }) => {
      if (team === undefined && alias === undefined) return;
      const known = names.get(key);
      if (known ? known.team === team && known.alias === alias : names.size >= CAPACITY) return;
      names.set(key, { ...known, ...(team === undefined ? {} : { team }), ...(alias === undefined ? {} : { alias }) });
    },
    teamOf: config ? (key) => subjects.teamOf(key) : (key) => names.get(key)?.team,
    severs: (subject) => subjects.severs(subject),
    nameOf: (subject) => subjects.nameOf(subject),
    aliasOf: (key) => Object.entries(watching.keys).find(([, own]) => own.key === key)?.[0] ?? names.get(key)?.alias,
    explain: (signal) => explain(signal, { name: subjects.nameOf(signal.subject), timeZone: watching.timeZone }),
  };
}

function withKeys(config: Tripwire, keys: KeysFile): Tripwire {
  const named = Object.fromEntries(
    [...keys].map(([key, { profile, daily_budget_usd: dailyBudgetUsd }]) => {
      const [name, own] = Object.entries(config.keys).find(([, one]) => one.key === key) ?? [key, { key }];
      const said = {
        ...(profile === undefined ? {} : { profile }),
        ...(dailyBudgetUsd === undefined ? {} : { dailyBudgetUsd }),
      };
      return [name, { ...own, ...said }] as const;
    }),
  );
  return { ...config, keys: { ...config.keys, ...named } };
}

/**
 * Everything together, and a team, hold still where one of their keys may be a service's: they are watched with the
 * wider margins.
 */
function settingsOfKeys(keys: KeysFile): (subject: Subject) => SubjectSettings {
  const anyService = [...keys.values()].some(({ profile }) => profile === 'service');
  return ({ kind, id }) => {
    const named = kind === 'key' ? keys.get(id) : undefined;
    const budget = named?.daily_budget_usd;
    return {
      profile: named?.profile ?? (kind !== 'key' && anyService ? 'service' : 'agent'),
      ...(budget === undefined ? {} : { dailyBudgetUsd: budget }),
      ceilings: [],
      anomaly: true,
    };
  };
}
