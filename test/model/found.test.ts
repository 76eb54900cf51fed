import { callOf, tripOf } from './commands/calls';
import { driftOf } from './commands/drift';
import { adminIs, crashOf, ledgerIs, nodeIs, passes, textsAre } from './commands/mishaps';
import { guessesOf, textAgainOf, textOf } from './commands/texts';
import { lives } from './sequences';
import { removeShelf, type WorldOptions } from './world';

jest.mock('node:timers/promises', () => require('./timers-promises').onTimers());

afterAll(removeShelf);

/** Sequences that broke a law once, as small as they could be made. */
const alone: WorldOptions = { operators: 1, method: 'auto', nodes: [1], instances: 1, jitter: 0 };
const door = { relayed: false, forged: false, heard: true };
const texts = (who: 'alice' | 'bob', verb: 'STOP' | 'RESTORE', scope: 'agent' | 'llm', steps: number) =>
  textOf({ who, verb, scope, code: 'fresh', n: 1, how: door, instance: 0, steps });
const slow = (steps: number) => ledgerIs({ which: 0, steps, fault: 'slow' });
const trips = (steps: number) => tripOf({ scope: 'llm', action: 'sever', instance: 0, steps });

it.each(['away', 'hang', 'lost', 'very slow'] as const)(
  'the tripwire sees again what it has cut, and the ledger is %s: its STOP is taken all the same, and in time',
  (fault) => lives(alone, [trips(1), ledgerIs({ which: 0, steps: 0, fault }), trips(3)]),
);

describe('a code that stopped without the ledger is spent, also for what waited in the line meanwhile', () => {
  it('a STOP', () =>
    lives({ ...alone, jitter: 89_166, nodes: [2, 1] }, [
      ...[slow(3), texts('alice', 'STOP', 'agent', 5), texts('alice', 'STOP', 'agent', 15)],
    ]));
  it('a RESTORE', () =>
    lives(alone, [
      ...[texts('bob', 'STOP', 'agent', 8), slow(8)],
      ...[texts('alice', 'STOP', 'llm', 1), texts('alice', 'RESTORE', 'agent', 15)],
    ]));
});

describe('a code that is on its way into the ledger is spent, also for what is judged before its fate is known', () => {
  it.each([0, 1, 2, 3])('the ledger is away, and %s events lie between', (steps) =>
    lives(alone, [
      ledgerIs({ which: 0, steps: 0, fault: 'away' }),
      ...[texts('bob', 'STOP', 'agent', 0), texts('bob', 'STOP', 'agent', steps)],
    ]),
  );
});

it('a STOP without the ledger of what is cut already: "severed" is said of what was seen after it, not before', () =>
  lives(alone, [
    texts('alice', 'STOP', 'agent', 0),
    ledgerIs({ which: 0, steps: 11, fault: 'away' }),
    driftOf({ which: 0, what: 'deletes the clamp', route: 'chat', steps: 0 }),
    callOf({
      ...{ token: 'stopper', action: 'sever', scope: 'agent', operator: undefined, code: 'none', n: 1 },
      ...{ key: 'k1', wait: undefined, instance: 0, steps: 4 },
    }),
  ]));

it('a program that starts in the middle of a restore says "served" of what it saw served, and of nothing else', () =>
  lives({ ...alone, method: 'rewrite', nodes: [2, 1] }, [
    tripOf({ scope: 'agent', action: 'sever', instance: 0, steps: 0 }),
    passes(3_000),
    texts('alice', 'RESTORE', 'agent', 32),
    nodeIs({ which: 0, node: 0, steps: 31, fault: 'deaf' }),
    crashOf({ which: 0, steps: 21, again: true }),
    texts('alice', 'STOP', 'agent', 36),
  ]));

it('a route that is added while nobody can look for long is known to nobody, until somebody could look again', () =>
  lives(alone, [
    adminIs({ which: 0, steps: 0, fault: 'hang, then applied' }),
    tripOf({ scope: 'agent', action: 'sever', instance: 0, steps: 0 }),
    driftOf({ which: 0, what: 'adds a route', route: 'chat', steps: 24 }),
    passes(6_000),
  ]));

it('a program that starts without the ledger takes a code for a STOP that was used before it started: doubt stops', () =>
  lives(alone, [
    texts('bob', 'STOP', 'agent', 1),
    ledgerIs({ which: 0, steps: 0, fault: 'away' }),
    crashOf({ which: 0, steps: 0, again: true }),
    callOf({
      ...{ token: 'stopper', action: 'sever', scope: 'agent', operator: 'bob', code: 'fresh', n: 1 },
      ...{ key: 'k1', wait: undefined, instance: 0, steps: 2 },
    }),
  ]));

it('another instance sees no snapshot before it can see the stop that it was made for, or it would throw it away', () =>
  lives({ ...alone, method: 'rewrite', nodes: [1, 1], instances: 2, jitter: 210_439 }, [
    textsAre({ steps: 13, away: true }),
    ledgerIs({ which: 0, steps: 38, fault: 'slow' }),
    textOf({ who: 'carol', verb: 'RESTORE', scope: 'agent', code: 'backup', n: 3, how: door, instance: 0, steps: 6 }),
    callOf({
      ...{ token: 'reader', action: 'sever', scope: 'llm', operator: 'bob', code: 'fresh', n: 1 },
      ...{ key: undefined, wait: 30, instance: 0, steps: 33 },
    }),
    textOf({
      ...{ who: 'alice', verb: 'STOP', scope: 'llm', code: 'old', n: 1, instance: 0, steps: 36 },
      how: { ...door, relayed: true },
    }),
    crashOf({ which: 0, steps: 20, again: false }),
  ]));

it('a message with a wrong code that comes again is no other guess', () =>
  lives(alone, [
    guessesOf({ who: 'bob', times: 2, steps: 0 }),
    textAgainOf({ ago: 0, relayed: false, instance: 0, steps: 0 }),
    tripOf({ scope: 'llm', action: 'sever', instance: 0, steps: 0 }),
    texts('bob', 'RESTORE', 'llm', 0),
  ]));

it.each(['fresh', 'earlier'] as const)(
  'a code that a RESTORE bears, of which the ledger does not say what became, stops nothing beside it: %s',
  (code) =>
    lives(alone, [
      ledgerIs({ which: 0, steps: 0, fault: 'very slow' }),
      callOf({
        ...{ token: 'stopper', action: 'restore', scope: 'agent', operator: 'alice', code: 'fresh', n: 1 },
        ...{ key: 'k1', wait: undefined, instance: 0, steps: 0 },
      }),
      textOf({ who: 'alice', verb: 'STOP', scope: 'agent', code, n: 1, how: door, instance: 0, steps: 0 }),
    ]),
);

it('a RESTORE of which no answer came may have used its code: whoever cannot know lets it stop', () =>
  lives(alone, [
    ledgerIs({ which: 0, steps: 0, fault: 'lost' }),
    texts('alice', 'RESTORE', 'agent', 2),
    callOf({
      ...{ token: 'stopper', action: 'sever', scope: 'agent', operator: 'alice', code: 'fresh', n: 1 },
      ...{ key: 'k1', wait: undefined, instance: 0, steps: 1 },
    }),
  ]));

it('a scope is live though another one, stopped without the ledger, holds all its routes', () =>
  lives(alone, [
    textOf({ who: 'alice', verb: 'STOP', scope: 'llm', code: 'earlier', n: 1, how: door, instance: 0, steps: 4 }),
    ledgerIs({ which: 0, steps: 0, fault: 'lost' }),
    texts('alice', 'RESTORE', 'llm', 0),
    textOf({ who: 'alice', verb: 'STOP', scope: 'agent', code: 'backup', n: 1, how: door, instance: 0, steps: 0 }),
    ledgerIs({ which: 0, steps: 11, fault: 'lost' }),
  ]));
