import fc from 'fast-check';
import type { Outcome } from '../../src/orders/desk';
import { reservedWords } from '../../src/orders/words';
import type { Rule, Signal } from '../../src/tripwire/signal';
import { costs, settledText, trippedText, warnedText, wouldText } from '../../src/tripwire/texts';

const at = Date.UTC(2026, 6, 14, 2, 16);
const signal: Signal = {
  ...{ level: 'trip', subject: { kind: 'key', id: 'a'.repeat(64) }, at, rule: 'level', unit: 'usd' },
  ...{ windowSeconds: 60, observed: 4.1, usual: 0.06, limit: 1.2 },
  ...{ since: Date.UTC(2026, 6, 14, 2, 13, 40), beyondUsual: 11.2 },
};
const telling = { name: 'key agent-1', timeZone: 'UTC' };
const order = { number: 12, action: 'sever', scope: 'agent' } as const;
const severed: Outcome = { state: 'severed', ms: 420, cut: 5, gateways: 1, missing: [] };

test('a trip says what is cut, and why', () => {
  expect(trippedText('agent', signal, telling)).toBe(
    'TRIPPED: cuts agent. key agent-1: $4.10 in 1 min (usual $0.06, 68x), $11 beyond usual, since 02:13 UTC.',
  );
  expect(wouldText('agent', signal, telling)).toBe(
    'WOULD CUT agent (observes only): key agent-1: $4.10 in 1 min (usual $0.06, 68x), $11 beyond usual, since 02:13 UTC.',
  );
  expect(warnedText('agent', signal, telling)).toBe(
    'WARNING: key agent-1: $4.10 in 1 min (usual $0.06, 68x), $11 beyond usual, since 02:13 UTC. CUT agent + code stops it.',
  );
});

test('the result says what was seen, what it has cost, and what it saves', () => {
  expect(settledText(order, severed, signal)).toBe(
    'SEVERED agent: 5 routes refused on 1 gateway, seen after 0.4 s. $11 burnt beyond usual; saves $4.80 a minute, $288 an hour. RESTORE agent + code puts it back.',
  );
  expect(settledText(order, { ...severed, state: 'severing', missing: ['gw-2 does not answer'] }, signal)).toBe(
    'SEVERING agent, order 12: not yet seen everywhere: gw-2 does not answer. Keeps trying.',
  );
  expect(settledText(order, { ...severed, state: 'overtaken' }, signal)).toContain('overtaken');
});

test('says nothing of costs where it knows nothing', () => {
  expect(costs({ ...signal, rule: 'blind', observed: 0, usual: 0, beyondUsual: 0 })).toBe('');
  expect(costs({ ...signal, beyondUsual: 0 })).toBe('Saves $4.04 a minute, $242 an hour.');
  expect(costs({ ...signal, unit: 'tokens', observed: 1e6, usual: 0, beyondUsual: 2e6 })).toBe(
    '2M tokens burnt beyond usual; saves 857k tokens a minute, 51M tokens an hour.',
  );
});

// --- What holds for every text.

const number = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e12, noNaN: true }));
const time = fc.integer({ min: at - 30 * 86_400_000, max: at });
const someSignal: fc.Arbitrary<Signal> = fc.record({
  level: fc.constantFrom('warn' as const, 'trip' as const),
  subject: fc.constant(signal.subject),
  rule: fc.constantFrom<Rule>('ceiling', 'budget', 'level', 'loop', 'cold-start', 'price', 'blind'),
  unit: fc.constantFrom('usd' as const, 'tokens' as const),
  windowSeconds: fc.oneof(fc.constantFrom(0, 60, 3_600, 86_400), fc.nat(1e6)),
  ...{ at: time, observed: number, usual: number, limit: number, beyondUsual: number, since: time, usedUpAt: time },
});
const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom('', 'STOP', 'reply STOP', '\n'));
const scope = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);
const outcome: fc.Arbitrary<Outcome> = fc.record({
  state: fc.constantFrom<Outcome['state']>('severing', 'severed', 'overtaken'),
  ...{ ms: fc.nat(), cut: fc.nat(), gateways: fc.nat() },
  missing: fc.array(fc.string({ unit: 'binary' }), { maxLength: 10 }),
});
const told = fc.tuple(
  scope,
  someSignal,
  name.map((one) => ({ name: one, timeZone: 'Asia/Kathmandu' })),
);

const texts: Readonly<Record<string, fc.Arbitrary<string>>> = {
  tripped: told.map((facts) => trippedText(...facts)),
  would: told.map((facts) => wouldText(...facts)),
  warned: told.map((facts) => warnedText(...facts)),
  settled: fc
    .tuple(scope, fc.nat(), outcome, someSignal)
    .map(([of, n, o, s]) => settledText({ number: n, action: 'sever', scope: of }, o, s)),
};

test.each(Object.entries(texts))('%s: one segment of ASCII, never a reserved word', (_name, arbitrary) => {
  fc.assert(
    fc.property(arbitrary, (body) => {
      expect(body.length).toBeLessThanOrEqual(160);
      expect(body).toMatch(/^[ !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z]+$/);
      expect(body).toBe(body.trim());
      expect(reservedWords.has(body.replace(/\W/g, '').toUpperCase())).toBe(false);
    }),
    { numRuns: 500 },
  );
});
