import type { Tripwire } from '../config/tripwire';
import { ownOf } from './settings-of';
import type { Subject } from './signal';

/** What LiteLLM says of a key, as far as it says it. */
export interface KeyNames {
  readonly alias?: string | undefined;
  readonly team?: string | undefined;
  readonly teamAlias?: string | undefined;
}

export interface SubjectsOptions {
  readonly config: Tripwire;
  /** What a trip severs where nothing else is said. */
  readonly defaultScope: string;
  readonly namesOf: (key: string) => KeyNames | undefined;
  readonly teamAliasOf?: (team: string) => string | undefined;
}

/** Who is watched, what they are called, and what a trip of theirs severs. */
export class Subjects {
  private readonly names: ReadonlyMap<string, string>;

  constructor(private readonly options: SubjectsOptions) {
    this.names = new Map(Object.entries(options.config.keys).map(([name, { key }]) => [key, name]));
  }

  /** False for a key that is not even counted. */
  isWatched(key: string): boolean {
    return this.options.config.others !== 'ignore' || this.isListed(key);
  }

  /** The team whose sum a key belongs to: one that is listed. */
  teamOf(key: string): string | undefined {
    const team = this.options.namesOf(key)?.team;
    return team !== undefined && Object.hasOwn(this.options.config.teams, team) ? team : undefined;
  }

  /** Whether a trip of this subject severs, or is told alone. */
  severs({ kind, id }: Subject): boolean {
    return kind !== 'key' || this.options.config.others === 'trip' || this.isListed(id);
  }

  scopeOf(subject: Subject): string {
    const { config, defaultScope } = this.options;
    const team = subject.kind === 'key' ? this.teamOf(subject.id) : undefined;
    const ofTeam = team === undefined ? undefined : config.teams[team]?.scope;
    return ownOf(config, subject).scope ?? ofTeam ?? config.scope ?? defaultScope;
  }

  /** Every scope that a trip may sever. */
  scopes(): readonly string[] {
    const { config, defaultScope } = this.options;
    const named = [config.whole, ...Object.values(config.keys), ...Object.values(config.teams)].map(
      ({ scope }) => scope ?? config.scope ?? defaultScope,
    );
    return [...new Set([config.scope ?? defaultScope, ...named])];
  }

  /** For a person: `key agent-1`, `team research`, `all keys`. What LiteLLM calls it may hold any characters. */
  nameOf({ kind, id }: Subject): string {
    if (kind === 'whole') return 'all keys';
    if (kind === 'team') return `team ${this.options.teamAliasOf?.(id) ?? id}`;
    return `key ${this.nameOfKey(id) ?? id.slice(0, 8)}`;
  }

  /** The same without the word; undefined while neither the configuration nor LiteLLM names it. */
  nameOfKey(id: string): string | undefined {
    return this.names.get(id) ?? (this.options.namesOf(id)?.alias || undefined);
  }

  private isListed(key: string): boolean {
    return this.names.has(key) || this.teamOf(key) !== undefined;
  }
}
