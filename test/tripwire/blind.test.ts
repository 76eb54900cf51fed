import fc from 'fast-check';
import { type BlindState, type Judgement, judge, resort, SEEING } from '../../src/tripwire/blind';
import type { Reading } from '../../src/tripwire/reading';
import type { Look, Requests, Why } from '../../src/tripwire/scrape/look';

const START = Date.UTC(2026, 10, 26, 2);
const PERIOD = 5_000;

/** One look: what was answered, and how the clocks and the gateway stand. */
interface Step {
  /** What each key has cost so far, in dollars; or why nothing was seen. */
  readonly show: Readonly<Record<string, number>> | Why;
  /** The same, of keys that only the database knows. */
  readonly listed?: Readonly<Record<string, number>>;
  readonly requests?: Partial<Requests>;
  readonly process?: string | undefined;
  readonly unreadable?: number;
  readonly database?: 'fine' | 'refused';
  /** Milliseconds since the look before, on the clock that nobody sets. */
  readonly after?: number;
  /** What somebody added to the other clock in between. Milliseconds. */
  readonly set?: number;
  /** What has passed the gateway. */
  readonly gateway?: number;
  /** How old that is. Milliseconds. */
  readonly behind?: number;
  /** Looks at other LiteLLMs that showed something. */
  readonly elsewhere?: number;
}

const times = (count: number, step: Step | ((index: number) => Step)): Step[] =>
  Array.from({ length: count }, (_, index) => (typeof step === 'function' ? step(index) : step));

/** Judges the steps, one after the other. */
function run(steps: readonly Step[]): Judgement[] {
  let state: BlindState = SEEING;
  let at = START;
  let monotonicMs = 1_000;
  return steps.map((step) => {
    const { after = PERIOD, set = 0 } = step;
    monotonicMs += after;
    at += after + set;
    const { gateway: requests, behind = 0, elsewhere = 0 } = step;
    const passed = requests === undefined ? undefined : { requests, through: monotonicMs - behind, elsewhere };
    const judgement = judge(state, lookOf(step, at, monotonicMs), passed);
    state = judgement.state;
    return judgement;
  });
}

function lookOf(step: Step, at: number, monotonicMs: number): Look {
  const { show, requests, unreadable = 0 } = step;
  const process = 'process' in step ? step.process : 'p1';
  const database = { ...{ at, keys: 1, whole: true }, ok: true } as const;
  const refused = { ...{ at, why: 'unauthorised' as const, detail: 'Refused.' }, ok: false } as const;
  const head = {
    ...{ source: 'proxy', at, monotonicMs, tookMs: 10 },
    database: step.database && (step.database === 'fine' ? database : refused),
  };
  if (typeof show === 'string') return { ...head, ok: false, why: show, detail: 'What happened. What to do.' };
  const readingsOf = (source: string, spent: Readonly<Record<string, number>>): Reading[] =>
    Object.entries(spent).map(([key, spendUsd]) => ({
      ...{ at, source, key, model: 'm', spendUsd, promptTokens: spendUsd * 1_000, completionTokens: 0 },
      ...(process === undefined ? {} : { process }),
    }));
  const readings = [...readingsOf('proxy', show), ...readingsOf('proxy/database', step.listed ?? {})];
  const scrape = {
    ...{ readings, keys: new Map(), teams: new Map(), process, multiprocess: false, unreadable, samples: 100 },
    requests: requests && { total: 0, failed: 0, ...requests },
  };
  return { ...head, ok: true, scrape };
}

/** `reason` of what blinds, `(reason)` of what is only told. */
const reasons = ({ troubles }: Judgement): string[] =>
  troubles.map(({ reason, blind }) => (blind ? reason : `(${reason})`));
const ever = (steps: readonly Step[]): string[] => [...new Set(run(steps).flatMap(reasons))];
const atLast = (steps: readonly Step[]): string[] => run(steps).slice(-1).flatMap(reasons);

const good: Step = { show: { a: 1, b: 2 } };
const bad = (why: Why): Step => ({ show: why });
const busy = (index: number): Step => ({
  show: { a: 1 + index / 10, b: 2 },
  requests: { total: 10 + index, succeeded: 10 + index },
});

describe('no trouble', () => {
  it.each<[string, Step[]]>([
    ['work', times(50, busy)],
    ['a night without a request', times(10_000, { ...good, requests: { total: 5, succeeded: 5 }, gateway: 7 })],
    ['a proxy that nobody has used yet', times(50, { show: {} })],
    ['one look without an answer', [good, bad('no-answer'), good]],
    ['one refusal among good looks', [good, bad('unauthorised'), good]],
    ['one look without an answer after a long pause', [good, { ...bad('no-answer'), after: 60_000 }, good]],
    ['every other look without an answer', times(100, (index) => (index % 2 ? bad('timeout') : good))],
    [
      'a restart: away for 25 s, then another process that shows nothing until it is used',
      [
        ...times(3, good),
        ...times(5, bad('no-answer')),
        ...times(40, { show: {}, process: 'p2' }),
        { show: { a: 0.1 }, process: 'p2' },
      ],
    ],
    ['a restart between two looks', [...times(3, good), ...times(40, { show: { b: 0.1 }, process: 'p2' })]],
    [
      'a restart of a proxy that does not say who it is: nothing is shown',
      [...times(3, { ...good, process: undefined }), ...times(3, { show: {}, process: undefined })],
    ],
    [
      'a restart of a proxy that does not say who it is: less is shown',
      [...times(3, { ...good, process: undefined }), ...times(3, { show: { b: 0.1 }, process: undefined })],
    ],
    [
      'the night after a restart of several workers, that show nothing at all',
      [...times(3, good), ...times(2_000, bad('nothing-shown'))],
    ],
    [
      'two workers that answer in turn, each with keys of its own',
      times(100, (index) => (index % 2 ? { show: { a: 1 }, process: 'p1' } : { show: { b: 2 }, process: 'p2' })),
    ],
    ['an idle key that LiteLLM drops', [...times(61, good), ...times(100, (index) => ({ show: { a: 1 + index } }))]],
    ['a model that costs nothing', times(50, (index) => ({ ...busy(index), show: { free: index } }))],
    [
      'answers that are counted some seconds before their spend',
      times(50, (index) => ({
        show: { a: Math.floor(index / 3) },
        requests: { total: index * 20, succeeded: index * 20 },
      })),
    ],
    [
      'failures alone',
      times(50, (index) => ({ ...good, requests: { total: index * 9, succeeded: 0, failed: index * 9 } })),
    ],
    ['answers whose status is not told', times(50, (index) => ({ ...good, requests: { total: index * 9 } }))],
    [
      'one long answer while the gateway lets nothing else through',
      times(100, { ...good, requests: { total: 5 }, gateway: 7 }),
    ],
    [
      'a few requests at the gateway whose answers are long',
      times(100, (index) => ({ ...good, gateway: Math.min(index, 9) })),
    ],
    [
      'a gateway that looks whether LiteLLM is alive, each minute',
      times(1_000, (index) => ({ ...good, gateway: Math.floor(index / 12) })),
    ],
    [
      'requests at the gateway that LiteLLM refuses',
      times(100, (index) => ({ ...good, requests: { total: index }, gateway: index })),
    ],
    [
      'work that a gateway tells half a minute late, and then a night without a request',
      times(200, (index) => ({
        ...{ ...good, requests: { total: Math.min(index, 60) }, gateway: 5 * Math.max(0, Math.min(index - 6, 60)) },
        behind: 30_000,
      })),
    ],
    [
      'requests to another LiteLLM behind the same gateway',
      times(100, (index) => ({ ...good, gateway: 5 * index, elsewhere: Math.floor(index / 5) })),
    ],
    ['a clock that is put right bit by bit', times(100, { ...good, set: 400 })],
    ['looks that we gave up ourselves', [good, ...times(20, bad('stopped'))]],
    [
      'keys of the database, that are shown now and then',
      times(50, (index) => ({ ...busy(index), ...(index % 12 === 0 && { listed: { c: 5 + index } }) })),
    ],
    ['a list of keys that is read', times(20, { ...good, database: 'fine' })],
  ])('%s', (_what, steps) => {
    expect(ever(steps)).toEqual([]);
    expect(run(steps).every(({ blindSince }) => blindSince === undefined)).toBe(true);
  });
});

describe('trouble', () => {
  it.each<[string, Step[], string[]]>([
    ['no answer for longer than a restart takes', [good, ...times(6, bad('no-answer'))], ['no-answer']],
    ['slow looks without an answer', [good, ...times(2, { ...bad('timeout'), after: 15_000 })], ['timeout']],
    ['no answer from the beginning', times(8, bad('no-answer')), ['no-answer']],
    [
      'no answer in many ways',
      [good, ...times(8, (index) => bad(index % 2 ? 'malformed' : 'bad-status'))],
      ['malformed'],
    ],
    ['refused, and refused again', [good, ...times(2, bad('unauthorised'))], ['unauthorised']],
    ['refused at the very first look', [bad('unauthorised')], ['unauthorised']],
    ['no licence at the very first look', [bad('not-premium')], ['not-premium']],
    ['a page at the very first look', [bad('not-metrics')], ['not-metrics']],
    ['nothing shown at the very first look', [bad('nothing-shown')], ['nothing-shown']],
    ['no callbacks any more', [good, ...times(2, bad('no-callbacks'))], ['no-callbacks']],
    ['too much to read', [good, ...times(2, bad('too-large'))], ['too-large']],
    ['a key in use that is shown no more', [...times(3, busy), { show: { b: 2 } }], ['vanished']],
    ['all keys in use that are shown no more', [...times(3, busy), { show: {} }], ['vanished']],
    [
      'a key that is shown no more by a proxy that does not say who it is',
      [...times(3, (index) => ({ ...busy(index), process: undefined })), { show: { b: 2 }, process: undefined }],
      ['vanished'],
    ],
    [
      'a key that stays away, while the others work',
      [...times(3, busy), ...times(100, (index) => ({ show: { b: 3 + index } }))],
      ['vanished'],
    ],
    [
      'a key that is gone, and then no answer for a moment',
      [...times(3, busy), { show: { b: 2 } }, bad('timeout')],
      ['vanished'],
    ],
    [
      'answers without spend',
      [
        ...times(2, busy),
        ...times(3, (index) => ({
          show: { a: 1.1, b: 2 },
          requests: { total: 15 + index * 5, succeeded: 15 + index * 5 },
        })),
      ],
      ['standstill'],
    ],
    [
      'answers without spend, then nothing',
      [
        ...times(2, busy),
        ...times(40, (index) => {
          const answers = Math.min(40, 15 + index * 5);
          return { show: { a: 1.1, b: 2 }, requests: { total: answers, succeeded: answers } };
        }),
      ],
      ['standstill'],
    ],
    [
      'answers without spend, counted anew after a restart of a proxy that does not say who it is',
      [20, 24, 28, 4, 8, 12, 16].map((answers) => ({
        ...{ show: { a: 1 }, process: undefined, requests: { total: answers, succeeded: answers } },
      })),
      ['standstill'],
    ],
    [
      'requests that pass the gateway and not LiteLLM',
      times(14, (index) => ({ ...good, requests: { total: 5 }, gateway: 100 + index })),
      ['bypassed'],
    ],
    [
      'requests that pass the gateway and not a LiteLLM that showed nothing since it restarted',
      [good, ...times(14, (index) => ({ ...bad('nothing-shown'), gateway: 100 + index }))],
      ['bypassed'],
    ],
    [
      'requests that pass LiteLLM by, told half a minute late',
      times(26, (index) => ({ ...good, gateway: 100 + index, behind: 30_000 })),
      ['bypassed'],
    ],
    ['a clock that went back', [...times(3, good), { ...good, set: -3_600_000 }], ['(clock)']],
    [
      'a clock that is still behind',
      [...times(3, good), { ...good, set: -3_600_000 }, ...times(300, good)],
      ['(clock)'],
    ],
    ['a clock that went ahead', [...times(3, good), { ...good, set: 3_600_000 }], ['(clock)']],
    ['a counter that is no number', [{ ...good, unreadable: 2 }], ['(unreadable)']],
    ['keys that are added up as one', [{ show: { a: 1, other: 5 } }], ['(lumped)']],
    [
      'a list of keys that is refused, until it is read again',
      [good, { ...good, database: 'refused' }, ...times(5, good)],
      ['(database)'],
    ],
    ['two things at once', [...times(3, good), { ...good, unreadable: 1, set: 10_000 }], ['(clock)', '(unreadable)']],
  ])('%s', (_what, steps, expected) => {
    expect(atLast(steps)).toEqual(expected);
    for (const { text } of run(steps).slice(-1)[0]?.troubles ?? []) expect(text).toMatch(/^[A-Z0-9a-z].+[.?]$/);
  });

  it.each<[string, Step[]]>([
    ['an answer', [good, ...times(9, bad('no-answer')), good]],
    ['a token that is right', [bad('unauthorised'), good]],
    ['the key is back', [...times(3, busy), { show: { b: 2 } }, good]],
    ['the proxy restarts', [...times(3, busy), { show: { b: 2 } }, ...times(14, { show: { b: 1 }, process: 'p2' })]],
    [
      'spend moves',
      [
        ...times(30, (index) => ({ ...busy(index), show: { a: 1 } })),
        { show: { a: 2 }, requests: { total: 50, succeeded: 50 } },
      ],
    ],
    ['LiteLLM counts', [...times(30, (index) => ({ ...good, gateway: index })), { show: { a: 9, b: 2 }, gateway: 99 }]],
    ['the clock is where it was', [...times(3, good), { ...good, set: -600_000 }, ...times(121, good)]],
    ['a jump ahead is ten minutes old', [...times(3, good), { ...good, set: 600_000 }, ...times(121, good)]],
    ['the list of keys is read', [{ ...good, database: 'refused' }, good, { ...good, database: 'fine' }]],
  ])('ends when %s', (_what, steps) => {
    expect(ever(steps)).not.toEqual([]);
    expect(atLast(steps)).toEqual([]);
  });

  it('is passed by no longer when nothing has passed for two minutes', () => {
    const judged = run(times(60, (index) => ({ ...good, gateway: Math.min(index, 20) })));
    const spans = judged.map(({ troubles }) => troubles.length);
    // From the first look on there is a minute; the 20th shows the last request.
    expect([spans.indexOf(1), spans.lastIndexOf(1)]).toEqual([12, 44]);
  });

  it('of two workers needs more looks before a gateway is believed that they are passed by', () => {
    const step = (index: number): Step => ({
      ...good,
      process: index % 2 ? 'p1' : 'p2',
      gateway: index * 5,
      after: 10_000,
    });
    // Both are new to us in the first two looks; 12 more show that neither moves.
    expect(ever(times(13, step))).toEqual([]);
    expect(ever(times(14, step))).toEqual(['bypassed']);
  });

  it('says which keys, by their names, and no more than three', () => {
    const show = Object.fromEntries(['k1', 'k2', 'k3', 'k4', 'k5'].map((key) => [key, 1]));
    const [last] = run([{ show }, { show: {} }]).slice(-1);
    expect(last?.troubles.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^LiteLLM no longer shows what k1, k2, k3 and 2 more spends, and it did not restart\./),
    ]);
  });

  it('tells what happened and what to do, as the look did', () => {
    expect(run([bad('unauthorised')])[0]?.troubles[0]?.text).toBe(
      'The tripwire sees nothing of proxy. What happened. What to do.',
    );
  });
});

describe('blind since', () => {
  it('the last look that showed something', () => {
    const steps = [...times(3, good), ...times(7, bad('no-answer'))];
    const judged = run(steps);
    expect(judged[2]?.blindSince).toBeUndefined();
    expect(judged.at(-1)?.blindSince).toEqual({ at: START + 3 * PERIOD, monotonicMs: 1_000 + 3 * PERIOD });
  });

  it('the first look, when none ever did', () => {
    expect(run(times(9, bad('no-answer'))).at(-1)?.blindSince?.at).toBe(START + PERIOD);
  });

  it('the oldest of what blinds; what is only told does not count', () => {
    const judged = run([...times(3, busy), { show: { b: 2 } }, ...times(8, bad('no-answer'))]);
    expect(judged.at(-1)?.troubles.map(({ reason }) => reason)).toEqual(['no-answer', 'vanished']);
    expect(judged.at(-1)?.blindSince?.at).toBe(START + 4 * PERIOD);
    expect(run([{ ...good, unreadable: 1 }])[0]?.blindSince).toBeUndefined();
  });

  it('does not go on with the clock that somebody sets', () => {
    const judged = run([good, ...times(7, { ...bad('no-answer'), set: 60_000 })]);
    const since = judged.at(-1)?.blindSince;
    expect(since?.monotonicMs).toBe(1_000 + PERIOD);
  });

  it.each<[string, number | undefined, number, 'alert' | 'sever', string | undefined]>([
    ['nothing, when it sees', undefined, 1e9, 'sever', undefined],
    ['nothing yet', 0, 299_999, 'sever', undefined],
    ['sever, in time', 0, 300_000, 'sever', 'sever'],
    ['alert, in time', 0, 300_000, 'alert', 'alert'],
  ])('comes to %s', (_what, since, now, action, expected) => {
    const blindSince = since === undefined ? undefined : { at: START, monotonicMs: since };
    expect(resort(blindSince, { afterSeconds: 300, action }, now)).toBe(expected);
  });
});

describe('laws', () => {
  const why = fc.constantFrom<Why>('no-answer', 'timeout', 'unauthorised', 'malformed', 'nothing-shown', 'stopped');
  const step: fc.Arbitrary<Step> = fc.record(
    {
      show: fc.oneof(why, fc.dictionary(fc.constantFrom('a', 'b', 'other'), fc.nat(5))),
      requests: fc.record({ total: fc.nat(50), succeeded: fc.nat(50), failed: fc.nat(50) }),
      process: fc.constantFrom('p1', 'p2', undefined),
      unreadable: fc.nat(1),
      database: fc.constantFrom('fine' as const, 'refused' as const),
      after: fc.nat(60_000),
      set: fc.integer({ min: -100_000, max: 100_000 }),
      gateway: fc.nat(100),
    },
    { requiredKeys: ['show'] },
  );

  it('whatever comes: each reason once, blind exactly when something blinds, since never later than now', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 1_000;
        run(steps).forEach(({ troubles, blindSince }, index) => {
          now += steps[index]?.after ?? PERIOD;
          expect(new Set(troubles.map(({ reason }) => reason)).size).toBe(troubles.length);
          expect(blindSince !== undefined).toBe(troubles.some(({ blind }) => blind));
          for (const { since } of troubles) expect(since.monotonicMs).toBeLessThanOrEqual(now);
        });
      }),
    );
  });

  it('nothing but silence is trouble in the end, however it is mixed', () => {
    const silent = fc.constantFrom<Why>('no-answer', 'timeout', 'unauthorised', 'malformed', 'too-large', 'bad-status');
    fc.assert(
      fc.property(fc.array(silent, { minLength: 8, maxLength: 20 }), fc.boolean(), (whys, seen) => {
        expect(atLast([...(seen ? [good] : []), ...whys.map(bad)])).not.toEqual([]);
      }),
    );
  });
});

it('what is remembered does not grow with the looks', () => {
  const judged = run(
    times(3_000, (index) => ({ ...busy(index), process: `p${Math.floor(index / 4)}`, gateway: index, after: 1_000 })),
  );
  const { shown, movement } = judged.at(-1)?.state ?? SEEING;
  expect(shown.size).toBeLessThanOrEqual(8);
  expect(movement.processes.size).toBeLessThanOrEqual(8);
});
