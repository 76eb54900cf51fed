import type { ToyApisix, Written } from './gateway/apisix';
import { type Standing, standings } from './gateway/standing';
import type { Breaks } from './laws';
import { scopesOf } from './sights';
import type { Life } from './time';
import type { World } from './world';

/** Of several instances each has leave for so long after the ledger was asked. Milliseconds. */
const LEAVE_MS = 500;

interface Answer {
  readonly at: number;
  readonly cut: ReadonlySet<string>;
}

/** Laws 1, 2 and 4: what is given back, and by whose leave. */
export class Releases {
  private readonly answers = new Map<Life, Answer>();
  /** By program and gateway: the routes that it has seen cut, or cut. */
  private readonly seen = new WeakMap<Life, Map<string, ReadonlySet<string>>>();

  constructor(
    private readonly world: World,
    private readonly breaks: Breaks,
  ) {}

  /** The ledger told a program how things stand. */
  answered(life: Life, row: unknown): void {
    const { state } = row as { state: { latches: { scope: string; state: string }[] } };
    const cut = state.latches.filter((latch) => latch.state === 'severing' || latch.state === 'severed');
    this.answers.set(life, { at: this.world.time.now, cut: new Set(cut.map(({ scope }) => scope)) });
  }

  /** A write is on its way: from here on nobody can take it back. */
  readonly sent = ({ gateway, path, before, after, by }: Written): void => {
    if (!by) return;
    if (path !== 'global_rules/pullcord-clamp' && !path.startsWith('routes/'))
      this.breaks(6, `${gateway.name}: ${path} was written`);
    const then = standings(after);
    const seen = this.seen.get(by)?.get(gateway.name);
    // What no scope holds was cut by somebody else.
    // Of several instances one may write over what another one has cut since it looked: that one cuts again.
    for (const [route, { cut }] of standings(before))
      if (scopesOf(route).length > 0 && cut && !then.get(route)?.cut && (this.alone || seen?.has(route)))
        this.release(by, `${gateway.name} gives ${route} back`, scopesOf(route));
    this.sees(by, gateway.name, then);
  };

  readonly looked = (gateway: ToyApisix, by: Life): void => this.sees(by, gateway.name, gateway.standings);

  private get alone(): boolean {
    return this.world.options.instances === 1;
  }

  private sees(by: Life, gateway: string, routes: ReadonlyMap<string, Standing>): void {
    const cut = [...routes.values()].filter((route) => route.cut).map(({ id }) => id);
    this.seen.set(by, new Map([...(this.seen.get(by) ?? []), [gateway, new Set(cut)]]));
  }

  private release(by: Life, what: string, scopes: readonly string[]): void {
    const { time, programs } = this.world;
    const leave = this.answers.get(by);
    const lasts = this.alone ? 0 : LEAVE_MS;
    if (!leave || time.now - leave.at > lasts) this.breaks(4, `${what} without asking the ledger`);
    const program = programs.find((one) => one?.life === by);
    for (const scope of scopes) {
      if (leave?.cut.has(scope)) this.breaks(1, `${what}, and the ledger has just said that ${scope} is cut`);
      if (program?.spool.all().some((stop) => stop.request.scope === scope))
        this.breaks(1, `${what}, and a stop of ${scope} waits to be written down`);
      const state = program?.store.mirror()?.latches.get(scope)?.state;
      if (state === 'severing' || state === 'severed') this.breaks(1, `${what}, and knows that ${scope} is cut`);
    }
  }
}
