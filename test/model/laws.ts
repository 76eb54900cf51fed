import type { Doc } from '../../src/cutters/apisix/document';
import type { SpooledStop } from '../../src/ledger/spool';
import type { ToyApisix } from './gateway/apisix';
import { differs } from './gateway/standing';
import {
  accept,
  type Between,
  empty,
  isCut,
  type Model,
  meant,
  type Next,
  pend,
  put,
  rest,
  type Sent,
  use,
} from './model';
import { type ScopeName, scopeNames } from './people';
import { Releases } from './releases';
import { Shoulder } from './shoulder';
import { Sights } from './sights';
import type { Wire } from './tables';
import type { World } from './world';

export type Breaks = (law: number, what: string) => void;

/** Looks at all that happens, as it happens, and writes down what breaks a law. */
export class Laws {
  model: Model;
  readonly broken: string[] = [];
  readonly sights: Sights;
  /** By gateway: every object as it has to be once nothing is cut. */
  readonly expected = new Map<string, Map<string, Doc>>();
  /** All codes that were typed anywhere. */
  readonly typed = new Set<string>();
  readonly releases: Releases;
  readonly shoulder: Shoulder;
  private readonly clocks = new Map<string, Between>();
  private readonly acceptedAt = new Map<
    string,
    { readonly at: number; readonly scope: string; readonly key: string }
  >();
  private readonly carriedOut = new Set<string>();
  /** By operator: the time step of the code of the newest stop without the ledger. */
  private readonly spent = new Map<string, number>();

  constructor(private readonly world: World) {
    this.model = empty(scopeNames, world.options.operators);
    this.sights = new Sights(
      () => world.gateways ?? [],
      () => world.time.now,
      (scope) => isCut(this.model, scope) || this.waitsForPaper(scope),
    );
    this.releases = new Releases(world, this.breaks);
    const isKnown = (key: string): boolean => this.model.ordered.has(key) || this.carriedOut.has(key);
    this.shoulder = new Shoulder(world, this.breaks, () => this.model, isKnown);
  }

  expect(gateway: ToyApisix): void {
    this.expected.set(gateway.name, new Map([...gateway.objects]));
  }

  readonly breaks: Breaks = (law, what) => {
    this.broken.push(`law ${law}: ${what}`);
  };

  readonly mark = (): void => this.sights.mark();

  /** Somebody is about to put this into a door. */
  send(sent: Sent): void {
    this.model = put(this.model, sent);
    this.clocks.set(sent.key, this.between(sent.key));
  }

  clockJumps(jump: () => void): void {
    for (const key of this.clocks.keys()) this.clocks.set(key, this.between(key));
    jump();
    for (const key of this.clocks.keys()) this.clocks.set(key, this.between(key));
  }

  /** @param knows whether the ledger, as it was last read there, says that the code was used. */
  spooled({ request, by }: SpooledStop, knows: boolean): void {
    const key = base(request.key);
    const found = meant(this.model, { ...request, key }, this.between(key));
    if (!found || request.action !== 'sever') {
      this.breaks(3, `${by} spooled ${key}, which nobody sent`);
      return;
    }
    const { sent, lack } = found;
    // It may be in the ledger already, and nobody heard of it. And whoever has no ledger can't know what was used elsewhere,
    // nor before it started, nor by a request of which no answer came.
    const knew = knows || this.spentHere(sent);
    const isUnknowable = (this.world.options.instances > 1 || !knew) && lack === 'a code counts twice';
    if (lack && !isUnknowable && !this.model.ordered.has(key)) this.breaks(3, `a stop without the ledger: ${lack}`);
    // Of what another instance has used without the ledger nobody can know.
    if (this.world.options.instances === 1) this.model = use(this.model, sent);
    if (sent.proof.kind === 'code') this.spent.set(sent.proof.operator, sent.proof.step ?? -1);
    this.carriedOut.add(key);
    if (!this.acceptedAt.has(key)) this.acceptedAt.set(key, { at: this.world.time.now, scope: sent.scope, key });
  }

  /** It was stopped without the ledger, which doesn't know yet. */
  private waitsForPaper(scope: string): boolean {
    return [...this.carriedOut].some(
      (key) => this.acceptedAt.get(key)?.scope === scope && !this.model.ordered.has(key),
    );
  }

  /** By a stop without the ledger, be it on paper by now or not. */
  private spentHere({ proof }: Sent): boolean {
    return proof.kind === 'code' && (this.spent.get(proof.operator) ?? -1) >= (proof.step ?? 0);
  }

  /** Something became true in the ledger. */
  committed(wire: Wire): void {
    const { time } = this.world;
    for (const order of wire.newOrders) {
      const key = base(order.key);
      const { number, scope } = order;
      const action = order.action === 'restore' ? 'restore' : 'sever';
      const spooled = this.carriedOut.has(key);
      if (action === 'restore') this.notLocked(meant(this.model, { key, action, scope }, this.between(key))?.sent);
      this.follow(accept(this.model, { number, key, action, scope, spooled }, this.between(key)));
      this.acceptedAt.set(`#${number}`, { at: this.acceptedAt.get(key)?.at ?? time.now, scope, key });
      this.mark();
    }
    const { key: asked = '', outcome: said } = wire.request ?? {};
    // The code was good, and is spent.
    if (said && 'refused' in said && (said.refused === 'nothing-to-restore' || said.refused === 'second-operator-same'))
      for (const scope of scopeNames) {
        const found = meant(this.model, { key: asked, action: 'restore', scope }, this.between(asked));
        if (found && found.lack === undefined) this.model = use(this.model, found.sent);
      }
    for (const { scope, state, order, pending } of wire.latches) {
      if (wire.newOrders.some((one) => one.number === order)) continue;
      const first = pending as { operator: string; at: number } | undefined;
      const { key = '', outcome } = wire.request ?? {};
      if (outcome && 'pending' in outcome && first)
        this.follow(pend(this.model, key, scope, first.operator, first.at, this.between(key)));
      else if (state === 'severed') this.saysSeen(scope, 'refused', `#${order}`, 'the ledger');
      else if (state === 'live') {
        this.follow(rest(this.model, scope));
        this.saysSeen(scope, 'served', `#${order}`, 'the ledger');
      }
    }
  }

  /** Law 5. @param order its number behind a `#`, or its key. */
  saysSeen(scope: string, how: 'refused' | 'served', order: string, who: string): void {
    const accepted = this.acceptedAt.get(order);
    if (!accepted) {
      this.breaks(5, `${who} says that ${scope} is ${how} by ${order}, which there is not`);
      return;
    }
    const missing = this.sights.missing(scope as ScopeName, how, accepted.at);
    if (missing.length > 0)
      this.breaks(5, `${who} says that ${scope} is ${how} by ${order}; not by ${missing.join(', ')}`);
  }

  /** A text that reached somebody. */
  told(text: string): void {
    const [, what, scope = ''] = /^(SEVERED|RESTORED) (\S+):/.exec(text) ?? [];
    if (!what) return;
    const how = what === 'SEVERED' ? 'refused' : 'served';
    const number = /Order (\d+)\./.exec(text)?.[1];
    // A stop without a number is one of those that were carried out without the ledger: the oldest proves least.
    const [oldest] = [...this.acceptedAt].filter(([key, one]) => key === one.key && one.scope === scope);
    this.saysSeen(scope, how, number === undefined ? (oldest?.[0] ?? 'none') : `#${number}`, 'a text');
  }

  /** Law 6: the objects of a gateway that are not what they were, or what others have made of them. */
  changed(gateway: ToyApisix): readonly string[] {
    const expected = this.expected.get(gateway.name) ?? new Map<string, Doc>();
    const paths = [...new Set([...expected.keys(), ...gateway.objects.keys()])];
    return paths.filter(
      (path) => path !== 'global_rules/pullcord-clamp' && differs(expected.get(path), gateway.objects.get(path)),
    );
  }

  private between(key: string): Between {
    const clock = this.world.now();
    const known = this.clocks.get(key);
    return { from: Math.min(known?.from ?? clock, clock), to: Math.max(known?.to ?? clock, clock) };
  }

  private notLocked(sent: Sent | undefined): void {
    if (sent?.proof.kind !== 'code') return;
    const now = this.world.now();
    const { restoreFailures, windowSeconds } = this.world.config.throttle;
    const all = this.shoulder.wrong.get(sent.proof.operator) ?? [];
    // A clock that was set between them may see them closer together.
    const recent = all.filter((at) => Math.abs(now - at) < (windowSeconds - 100) * 1000);
    if (recent.length >= restoreFailures) this.breaks(3, `a restore counts after ${recent.length} wrong codes`);
  }

  private follow(next: Next): void {
    if ('wrong' in next) this.breaks(3, next.wrong);
    else this.model = next.model;
  }
}

const base = (key: string): string => key.replace(/ carried out$/, '');
