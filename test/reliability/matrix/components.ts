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

/** Of what is only read: nothing can be done late, or without an answer. */
const reading = except('changed', 'late answer', 'late write', 'lost');
/** In a protocol of its own there is no 500, and an answer without end is garbage. */
const wire = except('changed', 'error');

const noWrite = 'has no write';
const notOnTheWay = 'not on the way';
const besideTheWay = {
  'between write and seen': notOnTheWay,
  "in RESTORE's write": notOnTheWay,
  'STOP overtakes': notOnTheWay,
};

export const COMPONENTS = {
  'Admin API': { faults: all, write: /^(PATCH|PUT) /, without: {} },
  'Admin API, rewriting': { faults: all, write: /^PATCH \S+\/routes\//, without: {} },
  'data plane': {
    faults: reading,
    without: { "in STOP's write": noWrite, "in RESTORE's write": noWrite, 'STOP overtakes': noWrite },
  },
  guard: { faults: except('changed'), write: /^PUT \S+\/cut$/, without: {} },
  'LiteLLM, keys': { faults: except('changed'), write: /^POST \/key\/(un)?block/, without: {} },
  'LiteLLM, metrics': { faults: reading, without: { ...besideTheWay, "in STOP's write": notOnTheWay } },
  Redis: { faults: wire, write: /evalsha/i, without: {} },
  Postgres: { faults: wire, write: /pullcord\.commit/, without: {} },
  'embedded ledger': { faults: EMBEDDED_FAULTS, write: /pullcord\.commit/, without: {} },
  'Twilio, replies': {
    faults: except('changed'),
    write: /^POST \S+\/Messages\.json/,
    without: besideTheWay,
  },
  'receivers of events': {
    faults: except('changed'),
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

export const nameOf = ({ component, fault, moment }: Cell): string => `${component}, ${fault}, ${moment}`;

/** Every cell that there is, row by row. */
export const cells: readonly Cell[] = componentNames.flatMap((component) => {
  const { faults, without }: Component = COMPONENTS[component];
  return faults.flatMap((fault) =>
    moments.filter((moment) => without[moment] === undefined).map((moment) => ({ component, fault, moment })),
  );
});
