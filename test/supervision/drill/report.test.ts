import { type DrillStep, summary } from '../../../src/supervision/drill/report';

const step = (name: DrillStep['name'], more: Partial<DrillStep> = {}): DrillStep => ({
  name,
  ok: true,
  ms: 0,
  ...more,
});

it.each<[string, DrillStep[], string | undefined, string]>([
  [
    'passed',
    [
      step('served', { gateway: 'a' }),
      step('served', { gateway: 'b' }),
      step('severed', { ms: 240 }),
      step('restored', { ms: 60 }),
    ],
    undefined,
    'Drill passed on 2 gateways in 1.5 s: severed after 0.2 s, restored after 0.1 s.',
  ],
  [
    'slower',
    [
      step('served', { gateway: 'a', ms: 3_000, usualMs: 40, slower: true }),
      step('severed', { ms: 9_000, usualMs: 310, slower: true }),
    ],
    undefined,
    'Drill passed on 1 gateway in 1.5 s: severed after 9.0 s, restored after 0.1 s. Slower than usual: served (a) (3.0 s, usually 0.1 s), severed (9.0 s, usually 0.3 s).',
  ],
  [
    'failed',
    [step('twilio', { ok: false, detail: 'Twilio refuses.' }), step('refused', { ok: false, gateway: 'a' })],
    undefined,
    'Drill FAILED at twilio: Twilio refuses. And 1 more.',
  ],
  ['broken off', [step('severed', { ok: false })], 'order 3 came.', 'Drill broken off: order 3 came.'],
])('one that %s', (_how, steps, brokenOff, text) => expect(summary(steps, 1_500, brokenOff)).toBe(text));
