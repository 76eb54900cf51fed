import { type Tripwire, tripwire } from '../../config/tripwire';
import { explain } from '../explain';
import type { SubjectSettings } from '../settings';
import { settingsOf } from '../settings-of';
import type { Signal, Subject } from '../signal';
import { Subjects } from '../subjects';
import type { KeysFile } from './keys-file';

/** Who is watched in a recording, how, and what they are called. */
export interface Watched {
  readonly settingsOf: (subject: Subject) => SubjectSettings;
  readonly isWatched: (key: string) => boolean;
  /** The recording says which team a key belongs to. */
  readonly learnTeam: (key: string, team: string) => void;
  readonly teamOf: (key: string) => string | undefined;
  /** Whether a trip of this subject would have cut, or been told alone. */
  readonly severs: (subject: Subject) => boolean;
  /** Why, in one line. */
  readonly explain: (signal: Signal) => string;
}

/** A key's hash is told by its beginning, as in the live watch; names of a recording's own are told whole. */
const HASH = /^[0-9a-f]{64}$/i;
/** Keys whose teams are remembered. */
const CAPACITY = 100_000;
const NOTHING = tripwire.parse({ litellm: [{ url: 'http://127.0.0.1' }] });

/**
 * As `pullcord.yaml` has it, with what the file of keys says of single ones. Without a configuration the file of keys
 * is all that is known: there are no ceilings, everybody is watched, and so is every team that the recording names.
 */
export function watchedBy(config: Tripwire | undefined, keys: KeysFile): Watched {
  const watching = withKeys(config ?? NOTHING, keys);
  const teams = new Map<string, string>();
  const namesOf = (key: string) => ({ alias: HASH.test(key) ? undefined : key, team: teams.get(key) });
  const subjects = new Subjects({ config: watching, defaultScope: '', namesOf });
  return {
    settingsOf: config ? (subject) => settingsOf(watching, subject) : settingsOfKeys(keys),
    isWatched: (key) => subjects.isWatched(key),
    learnTeam: (key, team) => {
      if (teams.has(key) || teams.size < CAPACITY) teams.set(key, team);
    },
    teamOf: config ? (key) => subjects.teamOf(key) : (key) => teams.get(key),
    severs: (subject) => subjects.severs(subject),
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
