import { EMBEDDED_FAULTS } from '../../support/fault-proxy/embedded';
import { FAULTS, type FaultName } from '../../support/fault-proxy/fault';

/** When a fault begins. */
export const MOMENTS = {
  'before STOP': 'it is on when the STOP comes',
  "in STOP's write": 'it begins with the write of the STOP',
  'between write and seen': 'it begins when the gateway has taken the write',
  'while severed': 'it is on while somebody else undoes the cut at the gateway',
  'before RESTORE': 'it is on when the RESTORE comes',
  "in RESTORE's write": 'it begins with the write of the RESTORE',
  'STOP overtakes': 'it begins with the write of a RESTORE, and a STOP comes meanwhile',
  'at the start': 'Pullcord starts under it, and the STOP comes as soon as the door is open',
} as const;
export type Moment = keyof typeof MOMENTS;
export const moments = Object.keys(MOMENTS) as Moment[];

export interface Component {
  readonly faults: readonly FaultName[];
  /** What its write in an order looks like on the wire. Undefined: it has none. */
  readonly write?: RegExp;
  /** Moments that it has no part in, and why. */
  readonly without: Partial<Record<Moment, string>>;
}

const all = Object.keys(FAULTS) as FaultName[];
const except = (...names: FaultName[]): FaultName[] => all.filter((name) => !names.includes(name));

/** Where some faults look alike from this side, one of them is played. */
const someWrites: readonly FaultName[] = ['reset', 'half', 'hang', 'late write', 'lost', 'refused'];
/** Of what is only read: nothing can be done late, or without an answer. */
const reading = except('changed', 'late answer', 'late write', 'lost');
/** In a protocol of its own there is no 500, and an answer without end is garbage. */
const wire = except('changed', 'error', 'trickle', 'oversized');

const noWrite = 'has no write';
const notOnTheWay = 'not on the way';
const besideTheWay = {
  'between write and seen': notOnTheWay,
  "in RESTORE's write": notOnTheWay,
  'STOP overtakes': notOnTheWay,
};

export const COMPONENTS = {
  'Admin API': { faults: all, write: /^(PATCH|PUT) /, without: {} },
  'Admin API, rewriting': {
    faults: ['reset', 'half', 'changed', 'hang', 'late write', 'lost'],
    write: /^PATCH \S+\/routes\//,
    without: {},
  },
  'data plane': {
    faults: reading,
    without: { "in STOP's write": noWrite, "in RESTORE's write": noWrite, 'STOP overtakes': noWrite },
  },
  guard: { faults: someWrites, write: /^PUT \S+\/cut$/, without: {} },
  'LiteLLM, keys': { faults: someWrites, write: /^POST \/key\/(un)?block/, without: {} },
  'LiteLLM, metrics': {
    faults: ['trickle', 'error', 'hang', 'oversized', 'refused'],
    without: { ...besideTheWay, "in STOP's write": notOnTheWay },
  },
  Redis: { faults: wire, write: /\beval(sha)?\b/i, without: {} },
  Postgres: { faults: wire, write: /pullcord\.commit/, without: {} },
  'embedded ledger': {
    faults: EMBEDDED_FAULTS,
    write: /pullcord\.commit/,
    without: { 'at the start': 'what cannot be opened then stays away until the next start' },
  },
  'Twilio, replies': {
    faults: ['half', 'error', 'hang', 'lost', 'garbage', 'refused'],
    write: /^POST \S+\/Messages\.json/,
    without: besideTheWay,
  },
  'receivers of events': {
    faults: ['half', 'error', 'hang', 'lost', 'refused'],
    without: { ...besideTheWay, "in STOP's write": notOnTheWay },
  },
} as const satisfies Record<string, Component>;
export type ComponentName = keyof typeof COMPONENTS;
export const componentNames = Object.keys(COMPONENTS) as ComponentName[];

export interface Cell {
  readonly component: ComponentName;
  readonly fault: FaultName;
  readonly moment: Moment;
}

/**
 * The one way in which the gateway can open by itself: the write of a RESTORE that was held up on its way arrives after
 * the write of the STOP that overtook it. APISIX has no conditional write. It is found, and cut again.
 */
export const mayOpen = ({ component, fault, moment }: Cell): boolean =>
  component.startsWith('Admin API') && fault === 'late write' && moment === 'STOP overtakes';

export const nameOf = ({ component, fault, moment }: Cell): string => `${component}, ${fault}, ${moment}`;

/** Every cell that there is, row by row. */
export const cells: readonly Cell[] = componentNames.flatMap((component) => {
  const { faults, without }: Component = COMPONENTS[component];
  return faults.flatMap((fault) =>
    moments.filter((moment) => without[moment] === undefined).map((moment) => ({ component, fault, moment })),
  );
});

/** What does not hold, and is written so in the document; played only where it is asked for. */
export const KNOWN: ReadonlySet<string> = new Set([
  // The key stays blocked, and Pullcord says so: that it blocked it could not be told from somebody else's block.
  ...['half', 'late write', 'lost'].map((fault) => `LiteLLM, keys, ${fault}, at the start`),
  // It meets the fault only if something is texted just then.
  'Twilio, replies, hang, while severed',
]);
