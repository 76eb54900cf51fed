import { compare, isSlower, median } from '../../../src/supervision/drill/compare';
import type { DrillReport, DrillStep } from '../../../src/supervision/drill/report';

const step = (ms: number, name: DrillStep['name'] = 'severed', gateway?: string): DrillStep => ({
  ...{ name, ms, ok: true },
  ...(gateway === undefined ? {} : { gateway }),
});
const drill = (ms: number, state: DrillReport['state'] = 'passed', steps = [step(ms)]): DrillReport => ({
  ...{ id: `${ms}`, state, by: 'token:n8n', startedAt: 0, ms, steps, text: '' },
});

it.each([
  [[], undefined],
  [[7], 7],
  [[9, 1], 5],
  [[1, 9, 2], 2],
  [[1, 2, 4, 100], 3],
])('the median of %j is %j', (values, wanted) => expect(median(values)).toBe(wanted));

it.each([
  [2_000, 1_000, false],
  [2_001, 1_000, true],
  [50, 20, false],
  [1_020, 20, false],
  [1_021, 20, true],
  [3_000, 2_000, false],
])('%d ms against usual %d ms: slower is %j', (ms, usual, slower) => expect(isSlower(ms, usual)).toBe(slower));

it('without an earlier drill that passed says nothing', () => {
  expect(compare([step(5)], 5, [])).toEqual({ steps: [step(5)] });
  expect(compare([step(5)], 5, [drill(1, 'failed'), drill(1, 'running')])).toEqual({ steps: [step(5)] });
});

it('compares with the last ten that passed, as a whole and step by step, each gateway with itself', () => {
  const earlier = [drill(9_999, 'failed'), ...Array.from({ length: 10 }, () => drill(100)), drill(9_000)];
  expect(compare([step(3_000)], 3_000, earlier)).toEqual({
    steps: [{ ...step(3_000), usualMs: 100, slower: true }],
    compared: { drills: 10, medianMs: 100, slower: true },
  });
  const mixed = [drill(100, 'passed', [step(10, 'served', 'a'), step(2_000, 'served', 'b')])];
  const steps = [step(1_900, 'served', 'a'), step(1_900, 'served', 'b')];
  expect(compare(steps, 100, mixed)).toEqual({
    steps: [
      { ...step(1_900, 'served', 'a'), usualMs: 10, slower: true },
      { ...step(1_900, 'served', 'b'), usualMs: 2_000 },
    ],
    compared: { drills: 1, medianMs: 100, slower: false },
  });
});

it('on other gateways compares the steps that there were, and nothing as a whole', () => {
  const before = [drill(100, 'passed', [step(10, 'served', 'a'), step(10, 'severed')])];
  const now = [step(20, 'served', 'a'), step(20, 'served', 'b'), step(20, 'severed')];
  expect(compare(now, 9_000, before)).toEqual({
    steps: [
      { ...step(20, 'served', 'a'), usualMs: 10 },
      step(20, 'served', 'b'),
      { ...step(20, 'severed'), usualMs: 10 },
    ],
  });
  const alike = [drill(7_000, 'passed', now), ...before, drill(5_000, 'passed', now)];
  expect(compare(now, 9_000, alike)).toMatchObject({ compared: { drills: 2, medianMs: 6_000, slower: false } });
});
