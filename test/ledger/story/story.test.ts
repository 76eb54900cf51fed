import fc from 'fast-check';
import type { Entry } from '../../../src/ledger/store';
import { storyOf } from '../../../src/ledger/story/story';
import { type At, figures, linesOf, OPENED, order, paperOf } from './on-paper';

const none = { fallbacks: new Set<string>(), now: OPENED + 3_600_000 };
const told = (lines: ReturnType<typeof linesOf>, fallbacks: readonly string[] = []) =>
  storyOf(paperOf(lines), { ...none, fallbacks: new Set(fallbacks) }).timeline;
const texts = (...entries: readonly At[]) => told(linesOf(...entries)).map(({ text }) => text);

it('tells it from the first anomaly to the restore, in the order of time, each step by its line', () => {
  const steps = told(
    linesOf(
      [-600, 'warned', figures({ level: 'warn', at: new Date(OPENED - 600_000).toISOString() })],
      [0, ...order(7, 'sever', 'tripwire')],
      // Written after the order that it led to; seen before.
      [0.02, 'tripped', figures({ order: 7, mode: 'act' })],
      [0.4, 'write', { cutter: 'apisix main', order: 7, severed: ['agent'], what: 'PATCH clamp: 3 routes: a, b, c' }],
      [1, 'severed', { scope: 'agent', order: 7, gateways: 2, routes: 3 }],
      [1799, ...order(8, 'restore', 'bob')],
      [1800, 'restored', { scope: 'agent', order: 8, gateways: 2 }],
    ),
  );
  expect(steps.map(({ seq, kind, who, text, at }) => [seq, kind, who, text, at - OPENED])).toEqual([
    [1, 'warned', 'tripwire', 'The tripwire warned: key agent-1: $4.00 in the last minute.', -600_000],
    [
      undefined,
      'other',
      undefined,
      'key agent-1 began to spend beyond what is usual, as the tripwire saw later.',
      -300_000,
    ],
    [3, 'tripped', 'tripwire', 'The tripwire tripped: key agent-1: $4.00 in the last minute.', -1_000],
    [2, 'order', 'tripwire', 'The tripwire ordered to sever agent by text message: order 7.', 0],
    [4, 'write', 'apisix main', 'apisix main wrote PATCH clamp: 3 routes: a, b, c.', 400],
    [5, 'severed', undefined, 'agent was seen severed on 2 gateways, 3 routes refused.', 1_000],
    [6, 'order', 'bob', 'bob ordered to restore agent by text message: order 8.', 1_799_000],
    [7, 'restored', undefined, 'agent was seen served again on 2 gateways.', 1_800_000],
  ]);
  expect(steps[3]?.evidence).toEqual({ ...order(7, 'sever', 'tripwire')[1] });
});

describe('every kind of line has its sentence', () => {
  it.each<[Entry['kind'], object, string]>([
    ['order', { ...order(7)[1], why: 'it burns' }, 'alice ordered to sever agent by text message: order 7 (it burns).'],
    ['order', { ...order(7)[1], source: 'toString' }, 'alice ordered to sever agent: order 7.'],
    [
      'request',
      { action: 'restore', scope: 'agent', source: 'api', by: 'bob' },
      'bob asked to restore agent over the API; a second operator has to confirm it.',
    ],
    [
      'refusal',
      { action: 'restore', scope: 'agent', source: 'sms', by: 'bob', reason: 'code-wrong' },
      'bob could not restore agent by text message: code wrong.',
    ],
    [
      'refusal',
      { scope: 'agent', reason: '__proto__' },
      'Somebody was refused: for a reason that this version does not know.',
    ],
    [
      'tripped',
      figures({ mode: 'observe', would: 'have cut: x' }),
      'The tripwire, which observes only, would have cut: x.',
    ],
    ['severed', { scope: 'agent', order: 7, gateways: 1 }, 'agent was seen severed on 1 gateway.'],
    [
      'drift',
      { cutter: 'apisix main', order: 7, what: 'the clamp was deleted' },
      'apisix main found: the clamp was deleted.',
    ],
    ['trouble', { text: 'gw-2 does not answer' }, 'gw-2 does not answer.'],
    ['trouble', { text: 'gw-2 answers.', state: 'cleared' }, 'Over: gw-2 answers.'],
    ['reply', { order: 7, to: 'alice', text: 'SEVERED agent' }, 'alice was told: SEVERED agent.'],
    ['start', { version: '1.0.0' }, 'Pullcord started, version 1.0.0.'],
    ['stop', {}, 'Pullcord was ended in good order.'],
  ])('%s %j', (kind, data, sentence) => {
    expect(texts([1, kind, data]).at(-1)).toBe(sentence);
  });
});

describe('what belongs to it', () => {
  it.each<[string, Entry['kind'], object, boolean]>([
    ['an order of another scope', ...order(9, 'sever', 'alice', 'llm'), false],
    ['a refusal of another scope', 'refusal', { scope: 'llm', by: 'alice', reason: 'code-wrong' }, false],
    ['a refusal of whoever ordered', 'refusal', { by: 'alice', reason: 'no-right' }, true],
    ['a refusal of nobody in particular', 'refusal', { door: 'api', reason: 'token-wrong' }, false],
    ['a write for one of its orders', 'write', { cutter: 'x', order: 8, severed: [], what: 'y' }, true],
    ['a write while it was cut', 'write', { cutter: 'x', order: 99, severed: ['agent', 'llm'], what: 'y' }, true],
    ['a write for others', 'write', { cutter: 'x', order: 99, severed: ['llm'], what: 'y' }, false],
    ['a write as older versions wrote it', 'write', { cutter: 'x', order: 7, what: 'y' }, true],
    ['a trip of another scope', 'tripped', figures({ scope: 'llm' }), false],
    ['a fallback that it holds', 'fallback', { fallback: 'cloud', state: 'primary', by: 'watcher', why: 'well' }, true],
    [
      'a fallback that it does not',
      'fallback',
      { fallback: 'other', state: 'primary', by: 'watcher', why: 'x' },
      false,
    ],
    ['a reply to another order', 'reply', { order: 9, text: 'x' }, false],
    ['a drill', 'drill', { id: 'd' }, false],
    ['a subscription', 'subscription', { id: 's' }, false],
  ])('%s', (_, kind, data, belongs) => {
    const steps = told(linesOf([0, ...order(7)], [5, kind, data]), ['cloud']);
    expect(steps.some(({ seq }) => seq === 2)).toBe(belongs);
  });

  it('what drifted is told once, though it is an alarm as well', () => {
    const steps = told(
      linesOf(
        [1, 'drift', { cutter: 'apisix main', order: 7, what: 'the clamp was deleted' }],
        [1, 'trouble', { text: 'apisix main: the clamp was deleted' }],
      ),
    );
    expect(steps.map(({ kind }) => kind)).toEqual(['drift']);
  });
});

describe('floods', () => {
  const refusal = (i: number, by = 'alice') =>
    [i, 'refusal', { scope: 'agent', by, reason: 'code-wrong', action: 'restore' }] as const;

  it('of refusals are told by their first ones and their number, each person and reason by itself', () => {
    const flood = Array.from({ length: 40 }, (_, i) => refusal(i));
    const counted = [50, 'refusal', { scope: 'agent', by: 'alice', reason: 'code-wrong', count: 9 }] as const;
    const steps = told(linesOf(...flood, refusal(45, 'bob'), counted));
    expect(steps).toHaveLength(5);
    expect(steps.at(-1)).toMatchObject({
      ...{ seq: 42, text: 'alice was refused 46 more times since 2026-01-02T03:00:03.000Z: code wrong.' },
      evidence: { reason: 'code-wrong', count: 46 },
    });
  });

  it('of anything leave the orders, the first and the last, and say that more happened', () => {
    const writes = Array.from(
      { length: 900 },
      (_, i) => [i + 1, 'write', { cutter: 'x', order: 7, what: `w${i}` }] as const,
    );
    const story = storyOf(
      paperOf(linesOf([0, ...order(7)], ...writes, [1000, 'restored', { scope: 'agent', order: 8, gateways: 1 }])),
      none,
    );
    expect(story.truncated).toBe(true);
    expect(story.timeline).toHaveLength(300);
    expect(story.timeline[0]?.kind).toBe('order');
    expect(story.timeline.at(-1)?.kind).toBe('restored');
    expect(story.timeline.map(({ text }) => text)).toEqual(expect.arrayContaining(['x wrote w0.', 'x wrote w899.']));
  });
});

it('whatever stands in the lines, a story is told, in order and within its bound', () => {
  const kinds: Entry['kind'][] = [
    ...(['order', 'refusal', 'tripped', 'warned', 'request', 'severed', 'restored', 'write', 'drift'] as const),
    ...(['trouble', 'fallback', 'drill', 'reply', 'subscription', 'start', 'stop'] as const),
  ];
  const data = fc.dictionary(
    fc.constantFrom(
      'scope',
      'order',
      'by',
      'reason',
      'why',
      'objects',
      'since',
      'at',
      'count',
      'severed',
      'what',
      'unit',
    ),
    fc.oneof(fc.jsonValue(), fc.constant('agent'), fc.constant(7)),
  );
  const line = fc.tuple(fc.integer({ min: -99, max: 9999 }), fc.constantFrom(...kinds), data);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const { timeline } = storyOf(paperOf(linesOf(...lines)), none);
      expect(timeline.length).toBeLessThanOrEqual(300);
      timeline.forEach(({ at, text }, i) => {
        expect(at).toBeGreaterThanOrEqual(timeline[i - 1]?.at ?? Number.NEGATIVE_INFINITY);
        expect(text).toMatch(/\S/);
      });
    }),
    { numRuns: 200 },
  );
});
