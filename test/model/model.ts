/**
 * The latch, as small as it can be said: what may become an order, and what each order does to its scope. Pure. It
 * knows nothing of ledgers, gateways and faults; it is what all of them together have to look like.
 */

export interface Scope {
  readonly state: 'live' | 'cut' | 'restoring';
  /** The order that set it so. */
  readonly order: number;
  readonly pending?: { readonly by: string; readonly at: number };
}

/** What somebody put into a door, and what only the model knows of it. */
export interface Sent {
  readonly key: string;
  readonly action: 'sever' | 'restore';
  readonly scope: string;
  readonly proof: /** `step`: the 30 s for which the code is this operator's; none when it is nobody's code. */
    | {
        readonly kind: 'code';
        readonly operator: string;
        readonly restores: boolean;
        readonly step: number | undefined;
      }
    | { readonly kind: 'backup'; readonly code: string; readonly real: boolean }
    | { readonly kind: 'token'; readonly stops: boolean }
    | { readonly kind: 'tripwire' }
    | { readonly kind: 'nothing' };
}

export interface Model {
  readonly operators: 1 | 2;
  readonly scopes: ReadonlyMap<string, Scope>;
  readonly orders: number;
  /** By key: all that ever came under it. */
  readonly sent: ReadonlyMap<string, readonly Sent[]>;
  /** By key. */
  readonly ordered: ReadonlyMap<string, number>;
  /** By operator: the newest time step that was accepted. */
  readonly steps: ReadonlyMap<string, number>;
  readonly backupsUsed: ReadonlySet<string>;
}

export const PERIOD_MS = 30_000;
export const CONFIRM_MS = 600_000;

export const empty = (scopes: readonly string[], operators: 1 | 2): Model => ({
  ...{ operators, orders: 0, sent: new Map(), ordered: new Map(), steps: new Map(), backupsUsed: new Set() },
  scopes: new Map(scopes.map((scope) => [scope, { state: 'live', order: 0 }])),
});

export const scopeOf = (model: Model, scope: string): Scope => model.scopes.get(scope) ?? { state: 'live', order: 0 };
export const isCut = (model: Model, scope: string): boolean => scopeOf(model, scope).state === 'cut';

export const put = (model: Model, sent: Sent): Model => ({
  ...model,
  sent: with_(model.sent, sent.key, [...(model.sent.get(sent.key) ?? []), sent]),
});

/** Who may have meant this, of all that came under the key: the one who had the right to, if there is one. */
export function meant(
  model: Model,
  { key, action, scope }: Pick<Sent, 'key' | 'action' | 'scope'>,
  between: Between,
): { readonly sent: Sent; readonly lack: string | undefined } | undefined {
  const all = (model.sent.get(key) ?? []).filter((sent) => sent.action === action && sent.scope === scope);
  const judged = all.map((sent) => ({ sent, lack: lacks(model, sent, between) }));
  return judged.find(({ lack }) => lack === undefined) ?? judged[0];
}

/** When the server's clock showed what, from the sending of a request until something came of it. */
export interface Between {
  readonly from: number;
  readonly to: number;
}

/** Why this proof lets nobody do this; undefined when it does. */
export function lacks(model: Model, { action, proof }: Sent, { from, to }: Between): string | undefined {
  switch (proof.kind) {
    case 'nothing':
      return 'nothing proves who ordered';
    case 'token':
      if (action === 'restore') return 'a token restores';
      return proof.stops ? undefined : 'a token without the right to stop stops';
    case 'tripwire':
      return action === 'restore' ? 'the tripwire restores' : undefined;
    case 'backup':
      if (action === 'restore') return 'a backup code restores';
      if (!proof.real) return 'a made-up backup code stops';
      return model.backupsUsed.has(proof.code) ? 'a backup code stops twice' : undefined;
    case 'code': {
      const { step, operator, restores } = proof;
      if (action === 'restore' && !restores) return 'somebody without the right restores';
      if (step === undefined) return 'a wrong code counts';
      if (step > Math.floor(to / PERIOD_MS) || step < Math.floor(from / PERIOD_MS) - 1)
        return 'a code counts out of its time';
      return step > (model.steps.get(operator) ?? -1) ? undefined : 'a code counts twice';
    }
  }
}

export interface Accepted {
  readonly number: number;
  readonly key: string;
  readonly action: 'sever' | 'restore';
  readonly scope: string;
  /** It was carried out before it was written. */
  readonly spooled: boolean;
}

export type Next = { readonly model: Model } | { readonly wrong: string };

/** An order is in the ledger: what the latch is now, or why there must be no such order. */
export function accept(model: Model, order: Accepted, between: Between): Next {
  const { number, key, action, scope, spooled } = order;
  const wrong = (why: string): Next => ({ wrong: `order ${number} (${action} ${scope}): ${why}` });
  const found = meant(model, order, between);
  if (!found) return wrong('nobody sent this');
  const { sent } = found;
  if (number !== model.orders + 1) return wrong(`it follows order ${model.orders}`);
  // Carried out without the ledger, written down late all the same, and restored before it was known to be: doubt stops.
  const isDoubtful = spooled && action === 'sever' && scopeOf(model, scope).state !== 'cut';
  if (model.ordered.has(key) && !isDoubtful) return wrong(`it is order ${model.ordered.get(key)} again`);
  // What was carried out was found good then; writing it down asks nobody again.
  const lack = spooled && action === 'sever' ? undefined : found.lack;
  if (lack) return wrong(lack);
  const before = scopeOf(model, scope);
  if (action === 'restore') {
    if (before.state === 'live') return wrong('nothing was severed');
    const by = operatorOf(sent);
    const first = before.pending;
    if (model.operators === 2 && before.state === 'cut') {
      if (!first || first.by === by) return wrong('no second operator confirmed it');
      if (between.from - first.at > CONFIRM_MS) return wrong('the second operator came too late');
    }
  }
  const state: Scope = { state: action === 'sever' ? 'cut' : 'restoring', order: number };
  return {
    model: {
      ...use(model, sent),
      ...{ orders: number, ordered: with_(model.ordered, key, number) },
      scopes: with_(model.scopes, scope, state),
    },
  };
}

/** A first operator's restore is in the ledger. */
export function pend(model: Model, key: string, scope: string, by: string, at: number, between: Between): Next {
  const found = meant(model, { key, action: 'restore', scope }, between);
  if (!found || operatorOf(found.sent) !== by)
    return { wrong: `${by} is said to want ${scope} restored, and nobody sent this` };
  const { sent, lack } = found;
  if (lack) return { wrong: `the first restore of ${scope}: ${lack}` };
  const before = scopeOf(model, scope);
  if (before.state !== 'cut') return { wrong: `a restore of ${scope} is pending, which is ${before.state}` };
  return { model: { ...use(model, sent), scopes: with_(model.scopes, scope, { ...before, pending: { by, at } }) } };
}

/** All gateways were seen to serve again. */
export function rest(model: Model, scope: string): Next {
  const before = scopeOf(model, scope);
  if (before.state === 'cut') return { wrong: `${scope} is said to be live, and is cut by order ${before.order}` };
  return { model: { ...model, scopes: with_(model.scopes, scope, { state: 'live', order: before.order }) } };
}

/** What a request used up, whatever came of it. */
export function use(model: Model, { proof }: Sent): Model {
  if (proof.kind === 'backup') return { ...model, backupsUsed: new Set([...model.backupsUsed, proof.code]) };
  if (proof.kind !== 'code' || proof.step === undefined) return model;
  const step = Math.max(proof.step, model.steps.get(proof.operator) ?? -1);
  return { ...model, steps: with_(model.steps, proof.operator, step) };
}

const operatorOf = ({ proof }: Sent): string | undefined => (proof.kind === 'code' ? proof.operator : undefined);

const with_ = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> => new Map([...map, [key, value]]);
