import { isCut, type Latch } from '../latch/latch';
import type { Line } from '../ledger/store';
import { type RefusalReason, reasons } from '../orders/reasons';
import type { Finding } from './finding';
import type { LedgerLook } from './ledger';
import { clockTime, giveBack, whoOrdered } from './words';

/** What the ledger knows of the scopes that hold what was asked about. */
export interface Holding {
  /** Undefined: it could not be found out which hold it. */
  readonly scopes: ReadonlySet<string> | undefined;
  /** A gateway was seen to answer with Pullcord's refusal. */
  readonly marked: boolean;
  /** Why nobody knows which scopes hold it. */
  readonly unknown: string;
}

/** Who severed it, when and why. Pure. One finding for each latch that matters, or one that says that none does. */
export function latched(look: LedgerLook, holding: Holding, now: number): readonly Finding[] {
  const { latches, why } = look;
  if (!latches)
    return [{ layer: 'ledger', verdict: 'unknown', text: `The ledger could not be read: ${why}.`, todo: MEND }];
  const { scopes } = holding;
  const concerned = scopes ? latches.filter(({ scope }) => scopes.has(scope)) : guessed(latches, holding);
  const cut = concerned.filter(isCut);
  const findings = [
    ...cut.map((latch) => severed(latch, look, now)),
    ...concerned.filter(({ state }) => state === 'restoring').map((latch) => restoring(latch, look, now)),
  ];
  const doubt: Finding[] =
    why === undefined
      ? []
      : [
          {
            layer: 'ledger',
            verdict: 'unknown',
            text: `The ledger does not answer (${why}): what is said of it is from memory.`,
            todo: MEND,
          },
        ];
  if (findings.length > 0) return [...findings, ...doubt];
  if (!scopes) return [notKnown(latches, holding), ...doubt];
  return doubt.length > 0 ? doubt : [{ layer: 'ledger', verdict: 'passes', text: living(scopes, latches, now) }];
}

const MEND = 'Look after the database: pullcord status tells how it stands.';

/** Where Pullcord's mark was seen, and one scope alone is cut: then it is that one's. */
function guessed(latches: readonly Latch[], { marked }: Holding): readonly Latch[] {
  const cut = latches.filter((latch) => isCut(latch) || latch.state === 'restoring');
  return marked && cut.length === 1 ? cut : [];
}

function severed(latch: Latch, { orders }: LedgerLook, now: number): Finding {
  const { scope, state, since, order, incident } = latch;
  const who = whoOrdered(latch, orders.get(order));
  const how =
    state === 'severed'
      ? `was severed at ${clockTime(since, now)} ${who}`
      : `is being severed since ${clockTime(since, now)} ${who}`;
  return {
    ...{ layer: 'ledger', name: scope, verdict: 'refuses', cut: true },
    text: `Scope ${scope} ${how}.`,
    evidence: { scope, state, order, since: new Date(since).toISOString(), ...(incident ? { incident } : {}) },
    answer: `Pullcord refuses: scope ${scope} ${how}`,
    todo: giveBack(latch),
  };
}

/** It refuses nothing by itself; where a cut is seen all the same, this is why. */
function restoring(latch: Latch, { orders }: LedgerLook, now: number): Finding {
  const { scope, since, order } = latch;
  const how = `is being restored since ${clockTime(since, now)} ${whoOrdered(latch, orders.get(order))}`;
  return {
    ...{ layer: 'ledger', name: scope, verdict: 'passes' },
    text: `Scope ${scope} ${how}.`,
    evidence: { scope, state: 'restoring', order, since: new Date(since).toISOString() },
    answer: `Pullcord still refuses: scope ${scope} ${how}, and is not given back everywhere yet`,
    todo: `Wait a few seconds; pullcord status tells what is missing until ${scope} is live.`,
  };
}

function notKnown(latches: readonly Latch[], { unknown }: Holding): Finding {
  const cut = latches.filter(isCut).map(({ scope }) => scope);
  if (cut.length === 0) return { layer: 'ledger', verdict: 'passes', text: 'No scope is severed.' };
  return {
    ...{ layer: 'ledger', verdict: 'unknown', evidence: { severed: cut } },
    text: `Severed now: ${cut.join(', ')}. ${unknown}`,
  };
}

function living(scopes: ReadonlySet<string>, latches: readonly Latch[], now: number): string {
  if (scopes.size === 0) return 'No scope of Pullcord holds it.';
  return [...scopes]
    .map((scope) => {
      const latch = latches.find((one) => one.scope === scope);
      const since = latch && latch.order > 0 ? ` since ${clockTime(latch.since, now)} (order ${latch.order})` : '';
      return `Scope ${scope}, which holds it, is live${since}.`;
    })
    .join(' ');
}

/** What became of one request at Pullcord's own doors. Pure. @param of how many lines were gone through. */
export function recorded(lines: readonly Line[], of: number, now: number): Finding {
  const refusal = lines.findLast(({ kind }) => kind === 'refusal');
  const order = lines.findLast(({ kind }) => kind === 'order');
  if (order) return accepted(order, now);
  if (refusal) return refused(refusal, now);
  const other = lines.at(-1);
  if (other)
    return {
      ...{ layer: 'ledger', verdict: 'passes', evidence: { line: other.seq, kind: other.kind } },
      text: `At ${clockTime(other.at, now)}: line ${other.seq} of the ledger, ${other.kind}.`,
    };
  return {
    ...{ layer: 'ledger', verdict: 'unknown' },
    text: `No order and no refusal at Pullcord's own doors bears this id, among the newest ${of} lines. Refusals that came in floods are counted, not written one by one.`,
  };
}

function accepted({ seq, at, data }: Line, now: number): Finding {
  const { number, action, scope, by } = data;
  const text = `At ${clockTime(at, now)} Pullcord accepted it: order ${number}, ${action} of ${scope} by ${by}.`;
  return { layer: 'ledger', verdict: 'passes', evidence: { line: seq, order: number }, text, answer: text };
}

function refused({ seq, at, data }: Line, now: number): Finding {
  const { reason, by, scope, action, door, source } = data;
  const known = typeof reason === 'string' && Object.hasOwn(reasons, reason) ? (reason as RefusalReason) : undefined;
  const what = typeof action === 'string' ? ` (${[action, scope].filter(Boolean).join(' of ')})` : '';
  const at2 = [door ?? source].filter(Boolean).map((one) => ` at its door ${one}`)[0] ?? '';
  const from = typeof by === 'string' ? ` from ${by}` : '';
  const advice = known ? reasons[known].advice : '';
  return {
    ...{ layer: 'ledger', verdict: 'refuses', evidence: { line: seq, reason } },
    text: `At ${clockTime(at, now)} Pullcord refused it${at2}: ${reason}.`,
    answer:
      `Pullcord itself refused this request${what}${from}${at2} at ${clockTime(at, now)}: ${reason}. ${advice}`.trim(),
    todo: advice || 'The log says more, under this id.',
  };
}
