import { differences, everything } from '../../../src/sandbox/everything';
import type { Arrived } from '../../../src/sandbox/inbox';
import { until } from '../../support/until';
import { type Cell, mayOpen } from './components';
import type { Stage } from './stage';

export type Who = 'alice' | 'bob' | 'carol';

interface OrderLine {
  readonly seq: number;
  readonly data: { readonly number: number; readonly action: string };
}

/** How long anything may take to come to its goal when nothing is wrong any more, or while a fault lasts. Milliseconds. */
const GOAL_MS = 25_000;
/** Longer than the enforcer's period: what comes late has come by then. */
const QUIET_MS = 1_200;
/** Within so long what was opened behind our back is cut again: a period of the enforcer, and a busy machine. */
const OPEN_MS = 2_500;
const LOOK_MS = 5;
const ROUTE = 'routes/embeddings';
const CLAMP_VARS = 'global_rules/pullcord-clamp/plugins/fault-injection/abort/vars';

/** One cell being played: orders by text message, and everything that broke a law. */
export class Play {
  /** What broke a law, in words. Empty when all held. */
  readonly broken: string[] = [];
  /** For how long the gateway served although nobody had restored. Milliseconds. */
  openedMs = 0;
  private readonly orders: string[] = [];
  private after = 0;
  private ordersBefore = 0;
  private lifted: Promise<void> = Promise.resolve();
  private cutSince: number | undefined;
  private ended = false;

  constructor(
    readonly stage: Stage,
    readonly cell: Cell,
  ) {}

  async begin(): Promise<void> {
    this.stage.freshCodes();
    await this.untilArmed();
    const { orders } = await this.stage.api<{ orders: { number: number }[] }>('orders?limit=1');
    this.ordersBefore = orders[0]?.number ?? 0;
    const { lines } = await this.stage.api<{ lines: OrderLine[] }>('ledger?limit=1');
    this.after = lines[0]?.seq ?? 0;
  }

  /** Begins the fault of the cell, and lifts it when its time is over. */
  async fault(from?: RegExp): Promise<void> {
    const { proxy, pace } = this.stage;
    await proxy.fault(this.cell.fault, from);
    this.lifted = until(() => proxy.hits() > 0 || this.ended, 3 * GOAL_MS, LOOK_MS)
      .then(() => new Promise<void>((resolve) => setTimeout(resolve, pace.faultMs)))
      .finally(() => proxy.lift());
    this.lifted.catch(() => undefined);
  }

  async untilMet(ms: number): Promise<void> {
    await until(() => this.stage.proxy.hits() > 0, ms, LOOK_MS).catch(() => undefined);
  }

  /** @returns milliseconds from the text until Pullcord said that it is severed. */
  async stop(who: Who): Promise<number> {
    const began = performance.now();
    const { told } = this.say(who, 'STOP');
    this.orders.push('sever');
    await told(/^SEVERED agent/);
    const ms = performance.now() - began;
    const seen = await this.stage.watcher.refuses();
    if (!seen) this.broken.push('law 5: severed was said, and the gateway still served');
    this.cutSince = performance.now();
    return ms;
  }

  /** @returns milliseconds from the text until Pullcord said that it is restored; while it refuses, it is asked again. */
  async restore(who: Who): Promise<number> {
    const began = performance.now();
    for (;;) {
      const { verdict } = this.sayRestore(who);
      if ((await verdict()) === 'refused') {
        await this.untilArmed();
        continue;
      }
      const ms = performance.now() - began;
      if (await this.stage.watcher.refuses()) this.broken.push('restored was said, and the gateway still refused');
      return ms;
    }
  }

  /** A RESTORE that nobody waits for yet. */
  sayRestore(who: Who): { verdict(): Promise<'restored' | 'overtaken' | 'refused'> } {
    this.stillCut();
    const ordered = this.say(who, 'RESTORE');
    const place = this.orders.push('restore') - 1;
    const since = performance.now();
    return {
      verdict: async () => {
        const text = await ordered.told(/^RESTORED agent|\(restore agent\) was overtaken|RESTORE refuses/);
        if (/^RESTORED/.test(text)) return 'restored';
        if (/was overtaken/.test(text)) return 'overtaken';
        // Law 4: what is refused has not happened.
        this.orders.splice(place, 1);
        const served = this.stage.watcher.served(since);
        if (served > 0) this.broken.push('law 4: a RESTORE was refused, and happened');
        this.cutSince = since;
        return 'refused';
      },
    };
  }

  /** Whether nothing was served since it was said to be severed. */
  stillCut(): void {
    if (this.cutSince === undefined) return;
    const served = this.stage.watcher.served(this.cutSince);
    this.openedMs = served > 0 ? Math.max(1, this.stage.watcher.servedMs(this.cutSince)) : 0;
    if (this.openedMs > (mayOpen(this.cell) ? OPEN_MS : 0))
      this.broken.push(`laws 1 to 3: severed, and ${served} requests were served before any RESTORE`);
    this.cutSince = undefined;
  }

  /** Somebody else undoes the cut at the gateway. @returns milliseconds until it is refused again. */
  async drift(): Promise<number> {
    this.stillCut();
    const { rig, rewrites, before } = this.stage;
    const control = this.cell.component === 'guard' ? rig.apisix.controls[0] : undefined;
    const began = performance.now();
    control?.forget();
    const { plugins = null, update_time } = fieldOf(before.get(ROUTE) ?? '{}') as Record<string, unknown>;
    if (rewrites) await rig.admin('PATCH', ROUTE, { plugins, update_time });
    else await rig.admin('PATCH', CLAMP_VARS, [[['route_id', 'in', ['-none-']]]]);
    await until(() => this.stage.watcher.served(began) > 0, GOAL_MS, LOOK_MS);
    await until(() => this.stage.watcher.refuses(), GOAL_MS, 40);
    const ms = performance.now() - began;
    this.cutSince = performance.now();
    return ms;
  }

  /** The fault is over and everything comes to its goal: live, exactly as before, and on paper. */
  async end(): Promise<void> {
    await this.untilMet(QUIET_MS * 8);
    this.ended = true;
    await this.lifted;
    if (this.stage.proxy.hits() === 0) this.broken.push('the fault met nothing');
    await this.untilArmed();
    if (this.cutSince !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      const cut = await this.stage.watcher.refuses();
      if (!cut) this.broken.push('law 2: it was severed, and is not any more');
      if (this.stage.keyBlocked() === false) this.broken.push('the key is not blocked');
      this.stage.freshCodes();
      await this.restore('alice');
      await this.untilArmed();
    }
    await this.lawful();
  }

  private async lawful(): Promise<void> {
    const { api, subscriber } = this.stage;
    const exact = await until(async () => !(await this.changed()), QUIET_MS, 100).catch(() => false);
    if (!exact) this.broken.push(`law 6: not as before: ${await this.changed()}`);
    await until(() => this.stage.keyBlocked() !== true, GOAL_MS).catch(() =>
      this.broken.push('law 6: the key is still blocked'),
    );
    const { ok, faults } = await api<{ ok: boolean; faults: string[] }>('ledger/verify');
    if (!ok) this.broken.push(`law 8: ${faults.join('; ')}`);
    const { lines } = await api<{ lines: (OrderLine & { kind: string })[] }>(`ledger?after=${this.after}&limit=500`);
    const written = lines.filter(({ kind }) => kind === 'order').map(({ data }) => data.action);
    if (written.join() !== this.orders.join())
      this.broken.push(`law 8: ordered were ${this.orders.join()}, the ledger has ${written.join()}`);
    for (const type of subscriber ? (['severing', 'severed', 'restored'] as const) : [])
      await until(() => {
        const numbers = lines.filter(
          ({ kind, data }) => kind === 'order' && (type === 'restored') === (data.action === 'restore'),
        );
        const told = new Set(
          subscriber
            ?.events()
            .filter((event) => event.type === type)
            .map(({ order }) => order),
        );
        return numbers.every(({ data }) => told.has(data.number));
      }, GOAL_MS).catch(() => this.broken.push(`the subscriber was not told of ${type}`));
  }

  private async changed(): Promise<string> {
    const { rig, before } = this.stage;
    // A route that was rewritten was written to: etcd's index grows. Every field is what it was.
    return differences(fieldsOf(before), fieldsOf(await everything(rig))).join();
  }

  async untilArmed(): Promise<void> {
    const { rig } = this.stage;
    let last = '';
    await until(
      async () => {
        last = await fetch(`${rig.pullcord.internalUrl}/readyz`).then(
          (answer) => answer.text(),
          () => '{}',
        );
        return isArmed(JSON.parse(last) as Readiness);
      },
      GOAL_MS,
      60,
    ).catch(() => {
      throw new Error(`not armed again: ${last}`);
    });
  }

  /** In doubt an answer is told twice, an earlier cell's for instance. */
  private isNew(text: string): boolean {
    const [, number = 'none'] = /order (\d+)/i.exec(text) ?? [];
    return !(Number(number) <= this.ordersBefore);
  }

  private say(who: Who, word: string): { told(pattern: RegExp): Promise<string> } {
    const { phone: sim, [who]: person } = this.stage.rig;
    const inbox: readonly Arrived[] = sim.inbox(person.phone).all;
    const mark = inbox.length;
    const sent = sim.text(person.phone, `${word} agent ${person.code()}`);
    return {
      told: async (pattern) => {
        const found = await until(
          () => inbox.slice(mark).find(({ body }) => pattern.test(body) && this.isNew(body)),
          GOAL_MS,
          LOOK_MS,
        ).catch(async () => {
          const { status } = await sent;
          const came = inbox.slice(mark).map(({ body }) => body);
          throw new Error(`${word}: no text like ${pattern}; ${status}; came ${JSON.stringify(came)}`);
        });
        return found.body;
      },
    };
  }
}

interface Readiness {
  readonly state?: string;
  readonly parts?: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

/** The clock is set forward here for each fresh code, and the tripwire says so, rightly. */
const isArmed = ({ state, parts = [] }: Readiness): boolean =>
  state === 'armed' ||
  (state === 'degraded' &&
    parts.every(({ name, ok, detail }) => ok || (name === 'tripwire' && /^The clock went ahead/.test(detail))));

const fieldOf = (json: string): unknown => {
  const read = JSON.parse(json) as { readonly value?: unknown };
  return read.value ?? read;
};
const fieldsOf = (objects: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([...objects].map(([name, json]) => [name, JSON.stringify(fieldOf(json))]));
