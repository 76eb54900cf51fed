import type { ToyApisix } from './gateway/apisix';
import { type Standing, standings } from './gateway/standing';
import { type ScopeName, scopeNames } from './people';

/** The scopes that a route belongs to, by the model's own reckoning. */
export const scopesOf = (route: string): readonly ScopeName[] => {
  if (route === 'public') return [];
  return route === 'llm' ? ['agent', 'llm'] : ['agent'];
};

/** So long a route may be there before anybody looks again, and a little. Milliseconds. */
const LOOKED_AT_MS = 8_000;

/** When each node last refused, and last served, all that a scope is; whatever anybody has looked at. */
export class Sights {
  private readonly last = new Map<string, number>();
  /** By gateway and route: when somebody added it. */
  readonly born = new Map<string, number>();
  /** By gateway: when its Admin API last was in trouble, so that nobody could look. */
  private readonly blind = new Map<string, number>();

  constructor(
    private readonly gateways: () => readonly ToyApisix[],
    private readonly now: () => number,
    /** Routes that have to stay cut for the sake of other scopes. */
    private readonly isWanted: (scope: ScopeName) => boolean,
  ) {}

  /** To be called right before anything changes, and right after. */
  mark(): void {
    for (const { name, fault } of this.gateways()) if (fault !== undefined) this.blind.set(name, this.now());
    for (const scope of scopeNames)
      for (const how of ['refused', 'served'] as const)
        for (const [node, holds] of this.nodes(scope, how))
          if (holds) this.last.set(`${scope} ${how} ${node}`, this.now());
  }

  /** The nodes that were never seen so since then. */
  missing(scope: ScopeName, how: 'refused' | 'served', since: number): readonly string[] {
    this.mark();
    return [...this.nodes(scope, how)]
      .map(([node]) => node)
      .filter((node) => (this.last.get(`${scope} ${how} ${node}`) ?? -1) < since);
  }

  private *nodes(scope: ScopeName, how: 'refused' | 'served'): Iterable<readonly [node: string, holds: boolean]> {
    for (const gateway of this.gateways())
      for (const { url, view } of gateway.nodes) {
        const all = [...standings(view).values()].filter(({ id }) => scopesOf(id).includes(scope));
        yield [url, how === 'refused' ? this.refuses(gateway, all) : this.serves(scope, all)];
      }
  }

  private refuses({ name }: ToyApisix, all: readonly Standing[]): boolean {
    // What was added while nobody could look is not known before somebody can.
    const isNew = (id: string): boolean => {
      const born = this.born.get(`${name} ${id}`);
      return born !== undefined && this.now() - Math.max(born, this.blind.get(name) ?? born) < LOOKED_AT_MS;
    };
    return all.every(({ id, cut, off }) => cut || off || isNew(id));
  }

  private serves(scope: ScopeName, all: readonly Standing[]): boolean {
    const isWanted = (id: string): boolean => scopesOf(id).some((other) => other !== scope && this.isWanted(other));
    return all.every(({ id, cut }) => !cut || isWanted(id));
  }
}
