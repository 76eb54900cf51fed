import { held } from './held';

/** What the measure of growth can tell apart. */

const NOBODY = { objects: new Set<string>(), variables: new Set<string>() };
const ENTRIES = 20_000;

class Gatherer {
  readonly all: object[] = [];
}

/** Objects that are held as long as what is given back is. */
function gather(into: object[]): void {
  for (let i = 0; i < ENTRIES; i += 1) into.push({ at: i + 0.5, text: `entry ${i}` });
}

it('sees what is held on to, and neither what is gone nor what is the test’s own', () => {
  const gatherer = new Gatherer();
  const leak: object[] = [];
  const own = { objects: new Set(['Gatherer']), variables: new Set<string>() };
  const before = { all: held(NOBODY), without: held(own) };
  gather([]);
  gather(gatherer.all);
  const amid = { all: held(NOBODY), without: held(own) };
  expect(amid.all - before.all).toBeGreaterThan(ENTRIES * 40);
  expect(amid.without - before.without).toBeLessThan(ENTRIES * 10);
  gather(leak);
  expect(held(own) - amid.without).toBeGreaterThan(ENTRIES * 40);
  expect([gatherer.all.length, leak.length]).toEqual([ENTRIES, ENTRIES]);
});
