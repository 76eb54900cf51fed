import { type Calls, type Likeness, likenessOf } from '../../../src/tripwire/detect/likeness';
import { mulberry32, START, tuning } from './traffic';

interface Call {
  readonly at?: number;
  readonly model?: string;
  readonly prompt: number;
  readonly completion: number;
  readonly usd?: number;
}

/** Ten seconds apart, where nothing else is said. */
function through(all: readonly Call[], calls: Calls = new Map()): Likeness[] {
  return all.map(({ at = 0, model = 'sonnet', prompt, completion, usd = prompt * 3e-6 + completion * 15e-6 }, i) =>
    likenessOf(
      calls,
      { at: START + (at || 10 * i), model, spend: usd, promptTokens: prompt, completionTokens: completion },
      tuning.likeness,
    ),
  );
}

const one = { prompt: 1_997, completion: 401 };
const near = { prompt: 2_011, completion: 403 };
const third = { prompt: 1_999, completion: 400 };
const other = { prompt: 7_919, completion: 120 };

test.each<[string, Call[], Likeness]>([
  ['the first', [one], 'none'],
  ['the second of its kind', [one, near], 'none'],
  ['the third', [one, near, third], 'alike'],
  ['the third, though another came between', [one, near, other, third], 'alike'],
  ['one unlike all others', [one, near, third, other], 'none'],
  ['the third, long after', [one, near, { ...third, at: 500 }], 'none'],
  ['of another model', [one, near, { ...third, model: 'haiku' }], 'none'],
  ['of its own model, though others came between', [one, { ...other, model: 'haiku' }, near, third], 'alike'],
  ['dearer by the token', [one, near, { ...third, usd: 0.02 }], 'none'],
  ['another ratio of prompt to answer', [one, near, { prompt: 1_999, completion: 800 }], 'none'],
  ['free of charge', [one, near, third].map((call) => ({ ...call, usd: 0 })), 'alike'],
  ['without tokens', [one, near, { prompt: 0, completion: 0, usd: 1 }], 'none'],
  ['the very same prompt', [one, one, one], 'same'],
  [
    'whole multiples of the same prompt, answers of any length',
    [
      { prompt: 2 * 2_003, completion: 90 },
      { prompt: 5 * 2_003, completion: 1_900 },
      { prompt: 3 * 2_003, completion: 700 },
    ],
    'same',
  ],
  [
    'whole multiples of a short number: as all numbers are',
    [
      { prompt: 3_000, completion: 90 },
      { prompt: 5_500, completion: 1_900 },
      { prompt: 4_500, completion: 700 },
    ],
    'none',
  ],
  [
    'nothing is a multiple of every prompt',
    [
      { prompt: 0, completion: 90 },
      { prompt: 5_000, completion: 1_900 },
      { prompt: 5_000, completion: 700 },
    ],
    'none',
  ],
  [
    'and every prompt is none of nothing',
    [
      { prompt: 5_000, completion: 90 },
      { prompt: 5_000, completion: 1_900 },
      { prompt: 0, completion: 700 },
    ],
    'none',
  ],
])('%s', (_what, calls, expected) => {
  expect(through(calls).at(-1)).toBe(expected);
});

test('people’s calls are hardly ever the very same prompt, and seldom alike', () => {
  const next = mulberry32(3);
  const calls = Array.from({ length: 20_000 }, () => ({
    prompt: Math.round(2_000 * Math.exp(2 * next())),
    completion: Math.round(50 * Math.exp(3 * next())),
  }));
  const found = through(calls);
  expect(found.filter((likeness) => likeness === 'same')).toEqual([]);
  expect(found.filter((likeness) => likeness === 'alike').length).toBeLessThan(0.05 * calls.length);
});

test('what is kept is bounded; the model that was used longest ago makes room', () => {
  const calls: Calls = new Map();
  through(
    Array.from({ length: 1_000 }, (_, i) => ({ ...one, model: `m${i % 200}` })),
    calls,
  );
  expect([...calls.keys()]).toEqual(Array.from({ length: 64 }, (_, i) => `m${136 + i}`));
  through(
    Array.from({ length: 1_000 }, () => ({ ...one, model: 'm142' })),
    calls,
  );
  expect(calls.get('m142')?.length).toBe(6);
  expect([...calls.keys()].at(-1)).toBe('m142');
});
