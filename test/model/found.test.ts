import { tripOf } from './commands/calls';
import { ledgerIs } from './commands/mishaps';
import { lives } from './sequences';
import { removeShelf, type WorldOptions } from './world';

jest.mock('node:timers/promises', () => require('./timers-promises').onTimers());

afterAll(removeShelf);

/** Sequences that broke a law once, as small as they could be made. */
const alone: WorldOptions = { operators: 1, method: 'auto', nodes: [1], instances: 1, jitter: 0 };
const trips = (steps: number) => tripOf({ scope: 'llm', action: 'sever', instance: 0, steps });

it.each(['away', 'hang', 'lost', 'very slow'] as const)(
  'the tripwire sees again what it has cut, and the ledger is %s: its STOP is taken all the same, and in time',
  (fault) => lives(alone, [trips(1), ledgerIs({ which: 0, steps: 0, fault }), trips(3)]),
);
