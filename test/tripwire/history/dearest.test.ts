import { Dearest } from '../../../src/tripwire/history/dearest';
import { spend } from '../../../src/tripwire/history/line';

const AT = Date.UTC(2026, 0, 5);

/** Each spends at the place 0 what it adds to its score. */
function put(lines: Dearest, id: string, worth: number, at = AT): string {
  const line = lines.lineOf(id, worth, at);
  spend(line, 0, worth, 0);
  return line.id;
}
const all = (lines: Dearest) => Object.fromEntries(lines.all().map(({ id, usd }) => [id, usd[0]]));

it('gives a line to each while there is room, and then to whoever is clearly dearer than the least dear', () => {
  const lines = new Dearest(2);
  expect([put(lines, 'a', 10), put(lines, 'b', 5), put(lines, 'c', 4)]).toEqual(['a', 'b', 'other']);
  // Dearer, but not clearly.
  expect(put(lines, 'c', 2)).toBe('other');
  expect(put(lines, 'c', 3, AT + 7)).toBe('c');
  expect(all(lines)).toEqual({ a: 10, c: 3, other: 4 + 2 + 5 });
  expect(lines.named.get('c')?.since).toBe(AT + 7);
  expect(lines.named.get('a')?.since).toBe(Number.NEGATIVE_INFINITY);
});

it('whoever lost its line is remembered, and gets a new one when it is dear again', () => {
  const lines = new Dearest(1);
  put(lines, 'a', 10);
  expect(put(lines, 'b', 20)).toBe('b');
  expect(put(lines, 'a', 10)).toBe('other');
  expect(put(lines, 'a', 10, AT + 9)).toBe('a');
  expect(lines.named.get('a')?.since).toBe(AT + 9);
  expect(all(lines)).toEqual({ a: 10, other: 40 });
});

it('what LiteLLM itself has added up is no key', () => {
  const lines = new Dearest(2);
  expect(put(lines, 'other', 99)).toBe('other');
  expect(all(lines)).toEqual({ other: 99 });
});

it('remembers a bounded number of those without a line, and then nobody who comes new is new for sure', () => {
  const lines = new Dearest(1);
  put(lines, 'dear', 1_000);
  for (let i = 0; i < 20_001; i += 1) put(lines, `k${i}`, 0.01);
  expect(put(lines, 'k0', 1_001)).toBe('other');
  expect(put(lines, 'fresh', 1_300, AT + 5)).toBe('fresh');
  expect(lines.named.get('fresh')?.since).toBe(AT + 5);
  expect(all(lines)).toEqual({ fresh: 1_300, other: expect.closeTo(1_000 + 200.01 + 1_001, 6) });
});

it('scores in another measure give the same lines', () => {
  const lines = new Dearest(1);
  put(lines, 'a', 100);
  put(lines, 'b', 90);
  lines.scale(0.01);
  expect(put(lines, 'b', 0.2)).toBe('other');
  expect(put(lines, 'b', 0.2)).toBe('b');
});
