import type { Line } from '../store';
import { bound, calm } from './bound';
import { type Cost, costOf, type Measure } from './cost';
import { type ObjectDiff, objectsOf } from './objects';
import type { Paper } from './paper';
import { type Step, stepOf } from './steps';

/** What happened, from the first anomaly to the restore. */
export interface Story {
  readonly timeline: readonly Step[];
  /** What was changed at the gateways. */
  readonly objects: readonly ObjectDiff[];
  /** Undefined where the tripwire saw nothing of it. */
  readonly cost?: Cost;
  /** There were more steps than are told. */
  readonly truncated: boolean;
}

/** Objects whose diffs are told. */
const OBJECTS = 250;

export interface StoryOptions {
  /** The fallbacks that the scope of the incident forbids while it is severed. */
  readonly fallbacks: ReadonlySet<string>;
  /** Epoch, in milliseconds: until when an incident that is open has gone on. */
  readonly now: number;
  readonly measure?: Measure | undefined;
}

/** The story that these lines tell. Pure. What belongs to another scope is left out. */
export function storyOf(paper: Paper, { fallbacks, now, measure }: StoryOptions): Story {
  const { incident } = paper;
  const belongs = belonging(paper, fallbacks);
  const lines = paper.lines.filter(belongs);
  const steps = [...began(lines, incident.openedAt), ...lines.flatMap((line) => stepOf(line) ?? [])];
  // In the order of time; what was written together, in the order of the ledger.
  steps.sort((a, b) => a.at - b.at || (a.seq ?? 0) - (b.seq ?? 0));
  const { timeline, truncated } = bound(calm(steps));
  const all = objectsOf(lines);
  const cost = costOf(incident, lines, now, measure);
  return {
    timeline,
    objects: all.slice(0, OBJECTS),
    ...(cost ? { cost } : {}),
    truncated: truncated || paper.truncated || all.length > OBJECTS,
  };
}

/** Whether a line belongs to the incident, and not to what another scope or person did meanwhile. */
function belonging({ incident, lines }: Paper, fallbacks: ReadonlySet<string>): (line: Line) => boolean {
  const { scope, orders } = incident;
  const numbers = new Set<unknown>(orders);
  const people = new Set<unknown>();
  const drifts = new Set<unknown>();
  for (const { kind, data } of lines) {
    if (kind === 'order' && data.scope === scope) people.add(data.by);
    if (kind === 'drift') drifts.add(`${data.cutter}: ${data.what}`);
  }
  return ({ kind, data }) => {
    switch (kind) {
      case 'start':
      case 'stop':
        return true;
      case 'fallback':
        return fallbacks.has(String(data.fallback));
      case 'write':
      case 'drift':
        // Written while it was cut, or for one of its orders: the clamp is one rule for all scopes.
        return numbers.has(data.order) || (Array.isArray(data.severed) && data.severed.includes(scope));
      case 'reply':
        return numbers.has(data.order);
      case 'trouble':
        // What drifted has a line of its own, and is told as an alarm as well.
        return !drifts.has(data.text);
      case 'refusal':
        return data.scope === scope || (data.scope === undefined && people.has(data.by));
      default:
        return data.scope === scope;
    }
  };
}

/** When it began, as the tripwire reckons: it saw it only later. */
function began(lines: readonly Line[], openedAt: number): Step[] {
  const first = lines
    .filter(({ kind }) => kind === 'tripped' || kind === 'warned')
    .map(({ data }) => ({ since: Date.parse(String(data.since)), subject: data.subject, rule: data.rule }))
    .filter(({ since, rule }) => since < openedAt && rule !== 'blind')
    .sort((a, b) => a.since - b.since)[0];
  if (!first) return [];
  const { name } = (first.subject ?? {}) as { readonly name?: unknown };
  const who = typeof name === 'string' ? name : 'It';
  return [
    { at: first.since, kind: 'other', text: `${who} began to spend beyond what is usual, as the tripwire saw later.` },
  ];
}
