import { NONE, type Scrape } from './scrape/look';
import type { KeyNames } from './subjects';

/** Keys that are remembered; the one that was not shown for longest makes room. */
const CAPACITY = 20_000;

/** What LiteLLM calls its keys, from all looks: a key that is not used any more after a restart keeps its name. */
export class Known {
  private readonly keys = new Map<string, KeyNames>();
  private readonly teams = new Map<string, string>();

  take({ keys, teams }: Scrape): void {
    for (const { key, alias, teamId: team, teamAlias } of keys.values()) {
      const before = this.keys.get(key);
      remember(this.keys, key, { ...before, ...given({ alias, team, teamAlias }) });
    }
    for (const { teamId, alias } of teams.values()) if (alias !== undefined) remember(this.teams, teamId, alias);
  }

  namesOf(key: string): KeyNames | undefined {
    // LiteLLM's word for a call without a key is no hash to cut short.
    return this.keys.get(key) ?? (key === NONE ? { alias: 'without a name' } : undefined);
  }

  teamAliasOf(team: string): string | undefined {
    return this.teams.get(team);
  }
}

function remember<V>(map: Map<string, V>, name: string, value: V): void {
  map.delete(name);
  const [oldest] = map.keys();
  if (map.size >= CAPACITY && oldest !== undefined) map.delete(oldest);
  map.set(name, value);
}

const given = (names: KeyNames): KeyNames =>
  Object.fromEntries(Object.entries(names).filter(([, name]) => name !== undefined && name !== NONE));
