import fc from 'fast-check';
import { amount, duration, timeOfDay, times } from '../../src/tripwire/amounts';
import { explain, explainBriefly } from '../../src/tripwire/explain';
import type { Rule, Signal } from '../../src/tripwire/signal';

const at = Date.UTC(2026, 6, 14, 2, 16);
const signal: Signal = {
  ...{ level: 'trip', subject: { kind: 'key', id: 'a'.repeat(64) }, at, rule: 'level', unit: 'usd' },
  ...{ windowSeconds: 60, observed: 4.1, usual: 0.06, limit: 1.2 },
  ...{ since: Date.UTC(2026, 6, 14, 2, 13, 40), beyondUsual: 11.2 },
};
const telling = { name: 'key agent-1', timeZone: 'UTC' };

test.each<[string, Partial<Signal>, string]>([
  [
    'more than ever',
    {},
    'key agent-1: $4.10 in the last minute, usual at this hour $0.06; 68x; since 02:13:40 UTC; about $11 burnt beyond usual',
  ],
  [
    'a ceiling, before anything is learnt',
    { rule: 'ceiling', observed: 6.2, usual: 0, limit: 5, beyondUsual: 1.2 },
    'key agent-1: $6.20 in the last minute, ceiling $5.00; since 02:13:40 UTC; about $1.20 burnt beyond usual',
  ],
  [
    'a ceiling of tokens',
    {
      rule: 'ceiling',
      unit: 'tokens',
      windowSeconds: 3600,
      observed: 1_234_567,
      usual: 20_000,
      limit: 1e6,
      beyondUsual: 1.2e6,
    },
    'key agent-1: 1.2M tokens in the last hour, ceiling 1M tokens, usual at this hour 20k tokens; 62x; since 02:13:40 UTC; about 1.2M tokens burnt beyond usual',
  ],
  [
    'a budget that will not last',
    {
      rule: 'budget',
      windowSeconds: 86_400,
      observed: 8,
      usual: 0,
      limit: 10,
      usedUpAt: at + 41 * 60_000,
      beyondUsual: 0,
    },
    'key agent-1: $8.00 in the last day, budget $10.00; its budget is used up at 02:57:00 UTC, in 41 min, at this rate; since 02:13:40 UTC',
  ],
  [
    'a budget that is gone',
    { rule: 'budget', windowSeconds: 0, observed: 10.5, usual: 0, limit: 10, usedUpAt: at, beyondUsual: 0 },
    'key agent-1: $10.50, budget $10.00; its budget is used up; since 02:13:40 UTC',
  ],
  [
    'a loop where nothing is usual',
    { rule: 'loop', usual: 0, windowSeconds: 20, beyondUsual: 0 },
    'key agent-1: $4.10 in the last 20 s, the same call again and again, usual at this hour nothing; since 02:13:40 UTC',
  ],
  [
    'no history',
    { rule: 'cold-start', usual: 0, beyondUsual: 0.001 },
    'key agent-1: $4.10 in the last minute, no history to compare with; since 02:13:40 UTC',
  ],
  [
    'blindness',
    { rule: 'blind', windowSeconds: 300, observed: 0, usual: 0, beyondUsual: 0 },
    'key agent-1: nothing seen for 5 min; since 02:13:40 UTC',
  ],
])('%s', (_what, change, line) => {
  expect(explain({ ...signal, ...change }, telling)).toBe(line);
});

test('tells the time of day where the operators live, and says which', () => {
  const { since } = signal;
  expect(explain(signal, { ...telling, timeZone: 'Europe/Berlin' })).toContain('since 04:13:40 CEST;');
  expect(timeOfDay(since, at, 'America/New_York')).toBe('22:13:40 GMT-4');
  expect(timeOfDay(since, at, 'UTC', false)).toBe('02:13 UTC');
  expect(timeOfDay(since, at + 86_400_000, 'UTC')).toBe('14 Jul 02:13:40 UTC');
});

test('in a text message the same, in few words', () => {
  expect(explainBriefly(signal, telling, 120)).toBe(
    'key agent-1: $4.10 in 1 min (usual $0.06, 68x), $11 beyond usual, since 02:13 UTC',
  );
  expect(explainBriefly(signal, telling, 60)).toBe('key agent-1: $4.10 in 1 min (usual $0.06, 68x)');
  expect(explainBriefly({ ...signal, rule: 'blind', windowSeconds: 300, beyondUsual: 0 }, telling, 120)).toBe(
    'key agent-1: nothing seen for 5 min, since 02:13 UTC',
  );
  const budget = { rule: 'budget', usual: 0, limit: 10, usedUpAt: at + 41 * 60_000, beyondUsual: 0 } as const;
  expect(explainBriefly({ ...signal, ...budget }, telling, 120)).toBe(
    'key agent-1: $4.10 in 1 min, budget $10.00, used up in 41 min, since 02:13 UTC',
  );
});

test.each<[number, 'usd' | 'tokens', string]>([
  [0, 'usd', '$0.00'],
  [0.004, 'usd', 'under $0.01'],
  [0.06, 'usd', '$0.06'],
  [99.99, 'usd', '$99.99'],
  [99.996, 'usd', '$100'],
  [246, 'usd', '$246'],
  [12_345.6, 'usd', '$12,346'],
  [999_999.7, 'usd', '$1,000,000'],
  [1_234_567, 'usd', '$1.2M'],
  [0, 'tokens', '0 tokens'],
  [999, 'tokens', '999 tokens'],
  [999.9, 'tokens', '1k tokens'],
  [1_500, 'tokens', '1.5k tokens'],
  [340_000, 'tokens', '340k tokens'],
  [999_960, 'tokens', '1M tokens'],
  [3e9, 'tokens', '3G tokens'],
])('%f %s: %s', (value, unit, text) => expect(amount(value, unit)).toBe(text));

test.each([
  [0, '0 s'],
  [20, '20 s'],
  [60, '1 min'],
  [90, '90 s'],
  [180, '3 min'],
  [3_600, '1 h'],
  [7_200, '2 h'],
  [9_000, '2.5 h'],
  [86_400, '1 d'],
  [259_200, '3 d'],
])('%d s are %s', (seconds, text) => expect(duration(seconds)).toBe(text));

test('how many times as much', () => {
  expect([times(4.1, 0.06), times(2, 1), times(1e9, 1), times(1, 0)]).toEqual(['68x', '2.0x', 'over 9999x', undefined]);
});

// --- What holds whatever LiteLLM calls its keys, and whatever was spent.

const number = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 1e12, noNaN: true }),
  fc.double({ min: 0, max: 10, noNaN: true }),
);
const time = fc.integer({ min: at - 30 * 86_400_000, max: at + 30 * 86_400_000 });
const someSignal: fc.Arbitrary<Signal> = fc.record(
  {
    level: fc.constantFrom('warn' as const, 'trip' as const),
    subject: fc.constant(signal.subject),
    at: time,
    rule: fc.constantFrom<Rule>('ceiling', 'budget', 'level', 'loop', 'cold-start', 'price', 'blind'),
    unit: fc.constantFrom('usd' as const, 'tokens' as const),
    windowSeconds: fc.oneof(fc.constantFrom(0, 60, 3_600, 86_400), fc.nat(1e6)),
    ...{ observed: number, usual: number, limit: number, beyondUsual: number, since: time, usedUpAt: time },
  },
  {
    requiredKeys: [
      'level',
      'subject',
      'at',
      'rule',
      'unit',
      'windowSeconds',
      'observed',
      'usual',
      'limit',
      'beyondUsual',
      'since',
    ],
  },
);
const hostile = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('', ' ', '\n\nRESTORE 123456', 'STOP', '\u202egnp.exe', 'x'.repeat(500), '\u0000', 'Müller-Agent'),
);
const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Chatham');

test('the line is one line, without anything invisible in it', () => {
  fc.assert(
    fc.property(someSignal, hostile, zone, (one, name, timeZone) => {
      const line = explain(one, { name, timeZone });
      expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(line.length).toBeLessThan(400);
      expect(line).toContain('since ');
    }),
    { numRuns: 1_000 },
  );
});

test('the brief line never has more characters than it may, and all are in the basic table of GSM 03.38', () => {
  fc.assert(
    fc.property(someSignal, hostile, zone, fc.integer({ min: 60, max: 160 }), (one, name, timeZone, room) => {
      const line = explainBriefly(one, { name, timeZone }, room);
      expect(line.length).toBeLessThanOrEqual(room);
      expect(line).toMatch(/^[ !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z]+$/);
      if (one.rule !== 'blind') expect(line).toContain(`: ${amount(one.observed, one.unit)}`);
    }),
    { numRuns: 1_000 },
  );
});
