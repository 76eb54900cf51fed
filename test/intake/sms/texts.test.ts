import fc from 'fast-check';
import {
  acceptedText,
  alsoAlarm,
  failedText,
  helpText,
  malformedCodeText,
  notUnderstoodText,
  optedOutAlarm,
  pendingText,
  refusalText,
  statusText,
  unknownScopeText,
  workingText,
} from '../../../src/intake/sms/texts';
import type { Latch } from '../../../src/latch/latch';
import { outcomeText } from '../../../src/notify/outcome-text';
import type { Outcome } from '../../../src/orders/desk';
import { type RefusalReason, reasons } from '../../../src/orders/reasons';
import { reservedWords } from '../../../src/orders/words';

const MINUTE_MS = 60_000;
const order = { number: 12, action: 'sever', scope: 'agent' } as const;
const seen: Outcome = { state: 'severed', ms: 420, cut: 3, gateways: 2, missing: [] };

test('says what was seen', () => {
  expect(outcomeText(order, seen)).toBe(
    'SEVERED agent: 3 routes refused on 2 gateways, seen after 0.4 s. Order 12. RESTORE agent + code puts it back.',
  );
  expect(outcomeText({ ...order, action: 'restore' }, { ...seen, state: 'live', cut: 0, gateways: 1 })).toBe(
    'RESTORED agent: served again on 1 gateway, seen after 0.4 s. Order 12.',
  );
});

test('says what is missing, and never "severed" or "restored" before it was seen', () => {
  const missing = ['gw-2 does not answer', 'gw-3 still serves'];
  expect(outcomeText(order, { ...seen, state: 'severing', missing })).toBe(
    'SEVERING agent, order 12: not yet seen everywhere: gw-2 does not answer, gw-3 still serves. Keeps trying.',
  );
  expect(outcomeText({ ...order, action: 'restore' }, { ...seen, state: 'restoring' })).toBe(
    'RESTORING agent, order 12: not yet seen everywhere. Keeps trying.',
  );
  expect(outcomeText(order, { ...seen, state: 'overtaken' })).toBe(
    'The order 12 (sever agent) was overtaken by a later order. STATUS shows it.',
  );
});

test.each([
  ['severed', 'is severed'],
  ['severing', 'is being severed'],
  ['restoring', 'is being restored'],
  ['live', 'is live'],
] as const)('says how the scope stands under the order that overtook it: %s', (state, words) => {
  expect(outcomeText(order, { ...seen, state: 'overtaken', overtakenBy: { order: 13, state } })).toBe(
    `The order 12 (sever agent) was overtaken by order 13. agent ${words}. STATUS shows it.`,
  );
});

test('a stop without the ledger has no number yet', () => {
  const unnumbered = { ...order, number: 0 };
  expect(outcomeText(unnumbered, seen)).not.toMatch(/order/i);
  expect(outcomeText(unnumbered, { ...seen, state: 'severing' })).toMatch(/^SEVERING agent: not yet/);
  expect(acceptedText(unnumbered)).toBe('SEVER agent: order taken. The result follows.');
});

test('cuts a list at the end of an item', () => {
  const missing = Array.from({ length: 30 }, (_, i) => `gw-${i} does not answer`);
  expect(outcomeText(order, { ...seen, state: 'severing', missing })).toMatch(
    /not yet seen everywhere: (gw-\d does not answer, )+\+\d+ more\. Keeps trying\.$/,
  );
  expect(unknownScopeText('lmm', ['agent', 'llm'])).toBe('No scope is called lmm. There are: agent, llm.');
});

test('says in few words what a gateway refused, never half a word', () => {
  const admin =
    'Admin API of main: PATCH global_rules/pullcord-clamp/plugins/fault-injection/abort/vars answered 503: ';
  const missing = [`${admin}has no healthy etcd endpoint available. Look after etcd: it keeps its last configuration.`];
  expect(outcomeText(order, { ...seen, state: 'severing', missing })).toBe(
    'SEVERING agent, order 12: not yet seen everywhere: Admin API of main: answered 503: has no healthy etcd endpoint available. Look after etcd. Keeps trying.',
  );
  const words = ['word '.repeat(60).trim()];
  expect(outcomeText(order, { ...seen, state: 'severing', missing: words })).toMatch(/ word\. Keeps trying\.$/);
  expect(outcomeText(order, { ...seen, state: 'severed', ms: 12 })).toContain('seen after 0.1 s.');
});

test('status names what is cut first', () => {
  const now = 1_000 * MINUTE_MS;
  const latches: readonly Latch[] = [
    { scope: 'llm', state: 'live', order: 0, since: 0 },
    { scope: 'fallback', state: 'restoring', order: 14, since: now - 3_000 },
    { scope: 'agent', state: 'severed', order: 12, since: now - 5 * MINUTE_MS },
  ];
  expect(statusText(latches, now)).toBe('agent SEVERED 5 min (order 12), fallback RESTORING 3 s (order 14), llm live.');
  expect(statusText([], now)).toBe('No scopes.');
});

test('a refusal is its advice, and one more fact', () => {
  expect(refusalText({ refused: 'code-locked', detail: 'For 12 more minutes.' })).toBe(
    `${reasons['code-locked'].advice} For 12 more minutes.`,
  );
  expect(refusalText({ refused: 'nothing-to-restore' })).toBe('Nothing is severed there.');
  expect(malformedCodeText(1)).toBe('Not a code: 1 digit. Your app shows 6, a printed backup code has 12.');
});

// --- What holds for every text, whatever it is made of.

const scope = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);
const someText = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 300 }));
const list = fc.array(fc.oneof(someText, scope), { maxLength: 40 });
const natural = fc.oneof(fc.nat(), fc.nat(20));
const someOrder = fc.record({ number: natural, action: fc.constantFrom('sever' as const, 'restore' as const), scope });
const outcome = fc.record({
  state: fc.constantFrom<Outcome['state']>('severing', 'severed', 'restoring', 'live', 'overtaken'),
  ms: natural,
  cut: natural,
  gateways: natural,
  missing: list,
});
const latch = fc.record({
  scope,
  state: fc.constantFrom<Latch['state']>('live', 'severing', 'severed', 'restoring'),
  order: natural,
  since: natural,
});
const refusal = fc.record({
  refused: fc.constantFrom(...(Object.keys(reasons) as RefusalReason[])),
  detail: someText,
});

const texts: Readonly<Record<string, fc.Arbitrary<string>>> = {
  outcome: fc.tuple(someOrder, outcome).map(([o, result]) => outcomeText(o, result)),
  accepted: someOrder.map(acceptedText),
  working: someOrder.map((o) => workingText(o.action, o.scope)),
  failed: someOrder.map((o) => failedText(o.action, o.scope)),
  pending: fc.tuple(scope, natural).map(([name, s]) => pendingText({ scope: name, withinSeconds: s })),
  refusal: refusal.filter((r) => r.refused !== 'bare-stop').map(refusalText),
  'unknown scope': fc.tuple(someText, list).map(([word, names]) => unknownScopeText(word, names)),
  'malformed code': natural.map(malformedCodeText),
  'not understood': fc.constant('').map(notUnderstoodText),
  help: fc.array(scope, { maxLength: 40 }).map(helpText),
  status: fc.tuple(fc.array(latch, { maxLength: 40 }), natural).map(([latches, now]) => statusText(latches, now)),
  'opted out': fc.tuple(scope, someText).map(([name, result]) => optedOutAlarm(name, result)),
  also: fc.tuple(scope, someText).map(([name, result]) => alsoAlarm(name, result)),
};

/** ASCII that GSM 03.38 codes in one septet. */
const GSM_ASCII = /^[ !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z]*$/;
const reserved = [...reservedWords].join('|');
const asksForReserved = new RegExp(
  `\\b(text|reply|send|answer)( with| back)?:? ["']?(${reserved})["']?[.,!?]?($| or )`,
  'i',
);

test.each(Object.entries(texts))('%s: one segment, never a reserved word, never asking for one', (name, arbitrary) => {
  fc.assert(
    fc.property(arbitrary, (body) => {
      expect(body.length).toBeGreaterThan(0);
      expect(body.length).toBeLessThanOrEqual(160);
      expect(body).toMatch(GSM_ASCII);
      expect(body).toBe(body.trim());
      expect(reservedWords.has(body.trim().replace(/\W/g, '').toUpperCase())).toBe(false);
      // What comes from elsewhere may say anything; our own words may not.
      if (name !== 'also' && name !== 'opted out') expect(body).not.toMatch(asksForReserved);
    }),
    { numRuns: 400 },
  );
});

test('the longest facts still fit with their sense', () => {
  const scope32 = 'a'.repeat(32);
  const long = { number: 9_999_999, action: 'sever', scope: scope32 } as const;
  const body = outcomeText(long, { state: 'severed', ms: 3_599_999, cut: 99_999, gateways: 999, missing: [] });
  expect(body).toContain(
    `SEVERED ${scope32}: 99999 routes refused on 999 gateways, seen after 3600.0 s. Order 9999999.`,
  );
  expect(pendingText({ scope: scope32, withinSeconds: 600 })).toContain('within 10 min.');
});
