import fc from 'fast-check';
import { FailureWindow, type Health } from '../../src/fallback/window';

const rule = { failures: 3, withinMs: 60_000, wellForMs: 30_000 };
type Look = readonly [atSeconds: number, seen: 'ok' | 'failed' | 'nothing'];

function play(looks: readonly Look[], by = rule): Health[] {
  const window = new FailureWindow(by);
  return looks.map(([at, seen]) =>
    window.take({ at: at * 1000, failures: seen === 'failed' ? 1 : 0, successes: seen === 'ok' ? 1 : 0 }),
  );
}

describe('the window of failures', () => {
  it.each<[string, readonly Look[], Health]>([
    ['says nothing before it has seen anything', [[0, 'nothing']], 'unsure'],
    ['finds well what answers', [[0, 'ok']], 'well'],
    [
      'is unsure after one failure',
      [
        [0, 'ok'],
        [5, 'failed'],
      ],
      'unsure',
    ],
    [
      'counts failures that are not consecutive',
      [
        [0, 'failed'],
        [5, 'ok'],
        [10, 'failed'],
        [15, 'ok'],
        [20, 'failed'],
      ],
      'down',
    ],
    [
      'forgets those that are older than the period',
      [
        [0, 'failed'],
        [1, 'failed'],
        [61, 'ok'],
        [62, 'failed'],
      ],
      'unsure',
    ],
    [
      'stays down while it flaps',
      [
        [0, 'failed'],
        [1, 'failed'],
        [2, 'failed'],
        [40, 'ok'],
        [63, 'ok'],
      ],
      'down',
    ],
    [
      'is well after it was well for long enough',
      [
        [0, 'failed'],
        [1, 'failed'],
        [2, 'failed'],
        [40, 'ok'],
        [70, 'ok'],
      ],
      'well',
    ],
    [
      'begins anew with each failure',
      [
        [0, 'failed'],
        [1, 'failed'],
        [2, 'failed'],
        [40, 'ok'],
        [60, 'failed'],
        [75, 'ok'],
        [95, 'ok'],
      ],
      'down',
    ],
    [
      'knows nothing any more after a gap',
      [
        [0, 'ok'],
        [60, 'nothing'],
      ],
      'unsure',
    ],
    [
      'does not take a gap for health',
      [
        [0, 'failed'],
        [1, 'failed'],
        [2, 'failed'],
        [3, 'ok'],
        [500, 'ok'],
      ],
      'unsure',
    ],
  ])('%s', (_what, looks, expected) => {
    expect(play(looks).at(-1)).toBe(expected);
  });

  it('calls down nothing that failed fewer times than that within the period, and misses nothing that did', () => {
    const looks = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom('ok', 'failed', 'nothing')), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(looks, (steps) => {
        let at = 0;
        const timed: Look[] = steps.map(([pause, seen]) => {
          at += pause;
          return [at, seen as Look[1]];
        });
        const verdicts = play(timed);
        timed.forEach(([now], i) => {
          const failed = timed.slice(0, i + 1).filter(([then, seen]) => seen === 'failed' && now - then < 59).length;
          const recent = timed.slice(0, i + 1).some(([then, seen]) => seen === 'failed' && now - then < 30);
          if (failed >= rule.failures && recent) expect(verdicts[i]).toBe('down');
          const ever = timed.slice(0, i + 1).filter(([, seen]) => seen === 'failed').length;
          if (ever < rule.failures) expect(verdicts[i]).not.toBe('down');
        });
      }),
    );
  });

  it('keeps a bounded number of samples, however often it looks', () => {
    const window = new FailureWindow(rule);
    for (let at = 0; at < 3_000_000; at += 500) window.take({ at, failures: 0, successes: 1 });
    expect((window as unknown as { samples: unknown[] }).samples.length).toBeLessThanOrEqual(61);
  });
});
