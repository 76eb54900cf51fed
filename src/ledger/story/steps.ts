import { reasons } from '../../orders/reasons';
import type { EntryKind, Line } from '../store';

/** Kinds of steps: those of the ledger, as far as a story tells of them. */
export type StepKind =
  | Exclude<EntryKind, 'request' | 'subscription' | 'drill' | 'session' | 'start' | 'stop'>
  | 'other';

/** One thing that happened. */
export interface Step {
  /** The line that shows it. Left out where it follows from others. */
  readonly seq?: number;
  /** Epoch, in milliseconds. */
  readonly at: number;
  readonly kind: StepKind;
  /** An operator, `token:<name>`, `tripwire`, or a cutter. */
  readonly who?: string;
  /** One sentence. Holds what came from outside: escaped by whoever shows it. */
  readonly text: string;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

type Data = Line['data'];
type Told = Pick<Step, 'kind' | 'who' | 'text'>;

/** A line as a step; undefined for one that no story tells of. */
export function stepOf(line: Line): Step | undefined {
  const told = tellers[line.kind]?.(line.data);
  if (!told) return undefined;
  const { kind, who, text } = told;
  // What was changed is told as objects.
  const { objects: _objects, ...evidence } = line.data;
  return { seq: line.seq, at: seenAt(line), kind, ...(who === undefined ? {} : { who }), text, evidence };
}

/** A watcher sees before it writes: the step belongs where it looked. */
function seenAt({ kind, at, data }: Line): number {
  if (kind !== 'tripped' && kind !== 'warned') return at;
  const looked = typeof data.at === 'string' ? Date.parse(data.at) : Number.NaN;
  return looked <= at ? looked : at;
}

const tellers: Readonly<Partial<Record<EntryKind, (data: Data) => Told | undefined>>> = {
  order: (data) => ({
    kind: 'order',
    ...by(data),
    text: `${nameOf(data)} ordered to ${word(data.action)} ${word(data.scope)}${door(data)}: order ${word(data.number)}${because(data.why)}.`,
  }),
  request: (data) => ({
    kind: 'order',
    ...by(data),
    text: `${nameOf(data)} asked to ${word(data.action)} ${word(data.scope)}${door(data)}; a second operator has to confirm it.`,
  }),
  refusal: (data) => ({
    kind: 'refusal',
    ...by(data),
    text: `${nameOf(data)} ${wish(data)}${door(data)}: ${reasonIn(data)}${times(data.count)}.`,
  }),
  tripped: (data) => ({
    kind: 'tripped',
    who: 'tripwire',
    text:
      data.mode === 'observe'
        ? `The tripwire, which observes only, would ${sentence(data.would)}`
        : `The tripwire tripped: ${sentence(data.why)}`,
  }),
  warned: (data) => ({ kind: 'warned', who: 'tripwire', text: `The tripwire warned: ${sentence(data.why)}` }),
  severed: (data) => ({
    kind: 'severed',
    text: `${word(data.scope)} was seen severed on ${counted(data.gateways, 'gateway')}${data.routes === undefined ? '' : `, ${counted(data.routes, 'route')} refused`}.`,
  }),
  restored: (data) => ({
    kind: 'restored',
    text: `${word(data.scope)} was seen served again on ${counted(data.gateways, 'gateway')}.`,
  }),
  write: (data) => ({ kind: 'write', ...cutter(data), text: `${word(data.cutter)} wrote ${sentence(data.what)}` }),
  drift: (data) => ({ kind: 'drift', ...cutter(data), text: `${word(data.cutter)} found: ${sentence(data.what)}` }),
  trouble: (data) => ({
    kind: 'trouble',
    text: data.state === 'cleared' ? `Over: ${sentence(data.text)}` : sentence(data.text),
  }),
  fallback: (data) => ({
    kind: 'fallback',
    ...by(data),
    text: `${nameOf(data)} decided about the fallback ${word(data.fallback)}: ${word(data.state)}${because(data.why)}.`,
  }),
  reply: (data) => ({ kind: 'reply', text: `${word(data.to) || 'The sender'} was told: ${sentence(data.text)}` }),
  start: (data) => ({ kind: 'other', text: `Pullcord started, version ${word(data.version)}.` }),
  stop: () => ({ kind: 'other', text: 'Pullcord was ended in good order.' }),
};

const word = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
const sentence = (value: unknown): string => {
  const text = word(value).trim();
  return /[.!?]$/.test(text) ? text : `${text}.`;
};
const by = ({ by: who }: Data) => (typeof who === 'string' ? { who } : {});
const cutter = ({ cutter: who }: Data) => (typeof who === 'string' ? { who } : {});
const nameOf = (data: Data): string => (data.by === 'tripwire' ? 'The tripwire' : word(data.by) || 'Somebody');
const because = (why: unknown): string => (word(why) === '' ? '' : ` (${word(why)})`);
const times = (count: unknown): string => (typeof count === 'number' ? `, ${count} more times` : '');

/** The reason as its words, which are a closed list. */
function reasonIn({ reason }: Data): string {
  const known = word(reason);
  return Object.hasOwn(reasons, known) ? known.replaceAll('-', ' ') : 'for a reason that this version does not know';
}

const wish = ({ action, scope }: Data): string =>
  typeof action === 'string' ? `could not ${action}${typeof scope === 'string' ? ` ${scope}` : ''}` : 'was refused';

const DOORS: Readonly<Record<string, string>> = {
  sms: ' by text message',
  relay: ' by a relayed text message',
  api: ' over the API',
  console: ' in the console',
  drill: ' in a drill',
};
function door(data: Data): string {
  const name = word(data.source) || word(data.door);
  return Object.hasOwn(DOORS, name) ? (DOORS[name] ?? '') : '';
}

const counted = (value: unknown, noun: string): string => `${word(value) || '0'} ${noun}${value === 1 ? '' : 's'}`;
