import { Registry } from 'prom-client';
import { families, putOneOf, WAITS } from '../../src/metrics/family';
import { samplesIn } from '../support/scrape';

function made() {
  const registry = new Registry();
  const failed: string[] = [];
  return {
    made: families(registry, (name) => failed.push(name)),
    failed,
    read: async () => samplesIn(await registry.metrics()),
  };
}

it('what did not happen is 0 from the start, in every combination', async () => {
  const { made: all, read } = made();
  const count = all.counter('a_total', 'A.', { door: ['x', 'y'], result: ['good', 'bad'] });
  count({ door: 'x', result: 'bad' });
  expect(Object.fromEntries(await read())).toEqual({
    'a_total{door="x",result="good"}': 0,
    'a_total{door="x",result="bad"}': 1,
    'a_total{door="y",result="good"}': 0,
    'a_total{door="y",result="bad"}': 0,
  });
});

it.each([[[]], [['of']]])('what is not known is absent, and never 0 (labels: %j)', async (labels: string[]) => {
  const { made: all, read } = made();
  let value: number | undefined;
  const named = labels.length > 0 ? { of: 'x' } : {};
  all.gauge('a', 'A.', labels, (put) => put(value, named));
  const series = labels.length > 0 ? 'a{of="x"}' : 'a';
  expect([...(await read()).keys()]).toEqual([]);
  value = 3;
  expect([...(await read())]).toEqual([[series, 3]]);
  value = undefined;
  expect([...(await read()).keys()]).toEqual([]);
  value = 0;
  expect([...(await read())]).toEqual([[series, 0]]);
});

it.each([
  [
    'at once',
    () => {
      throw new Error('broken');
    },
  ],
  ['later', () => Promise.reject(new Error('broken'))],
])('a family that cannot be read (%s) is absent, is said, and holds up no other', async (_when, read) => {
  const { made: all, failed, read: look } = made();
  all.gauge('a', 'A.', [], (put) => {
    put(1);
    return read();
  });
  all.gauge('b', 'B.', [], (put) => put(2));
  expect([...(await look())]).toEqual([['b', 2]]);
  expect(failed).toEqual(['a']);
});

it('one of several is 1, and the others are 0', () => {
  const put = jest.fn();
  putOneOf(put, 'state', ['live', 'severed'], 'severed', { scope: 'agent' });
  expect(put.mock.calls).toEqual([
    [0, { scope: 'agent', state: 'live' }],
    [1, { scope: 'agent', state: 'severed' }],
  ]);
});

it('the buckets tell 5 ms from 10 ms, and half a minute from a whole one', () => {
  expect(WAITS[0]).toBe(0.005);
  expect(WAITS.at(-1)).toBe(60);
  expect([...WAITS].sort((a, b) => a - b)).toEqual(WAITS);
});
