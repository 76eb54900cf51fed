import { Detection } from '../../src/tripwire/detection';
import type { Reading } from '../../src/tripwire/reading';

const START = Date.UTC(2026, 0, 1);
const made = (): Detection =>
  new Detection({
    settingsOf: () => ({
      ...{ profile: 'agent', anomaly: true },
      ceilings: [{ unit: 'usd', windowSeconds: 3_600, limit: 60 }],
    }),
  });
const reading = (seconds: number, key: string, usd: number): Reading => ({
  ...{ at: START + seconds * 1000, source: 's', process: 'p', key, model: 'm' },
  ...{ spendUsd: usd, promptTokens: usd * 1_000, completionTokens: usd * 100 },
});

/** Some hours of three keys. */
function lived(): Detection {
  const detection = made();
  for (let i = 0; i < 2_000; i += 1)
    for (const [k, key] of ['a', 'b', 'c'].entries()) detection.take(reading(i * 10, key, i * 0.001 * (k + 1)));
  return detection;
}

it('the parts are what is saved as a whole, bit by bit', () => {
  const detection = lived();
  const [version, ...rest] = [...detection.parts()];
  const feed = rest.pop();
  expect({ ...version, ...feed, subjects: rest }).toEqual(detection.save());
});

it('goes on from its parts as if nothing had been', () => {
  const [before, after] = [lived(), made()];
  for (const part of before.parts()) after.loadPart(JSON.parse(JSON.stringify(part)));
  expect(after.all()).toEqual(before.all());
  const more = [reading(20_010, 'a', 3), reading(20_020, 'b', 70), reading(20_030, 'c', 6.1)];
  const signals = more.map((one) => before.take(one));
  expect(more.map((one) => after.take(one))).toEqual(signals);
  expect(signals.flat().map(({ rule }) => rule)).toContain('ceiling');
});

it('what is spent while the parts are being saved is not counted twice', () => {
  const [before, after] = [lived(), made()];
  for (const part of before.parts()) {
    after.loadPart(JSON.parse(JSON.stringify(part)));
    if ('subject' in part && part.subject.id === 'a') before.take(reading(20_010, 'a', 52));
  }
  // Fifty dollars and fifty again would be beyond the ceiling.
  expect(after.take(reading(20_020, 'a', 53)).filter(({ rule }) => rule === 'ceiling')).toEqual([]);
});

it('refuses what an other version has saved, and is as it was when it forgets', () => {
  const detection = made();
  expect(() => detection.loadPart({ version: 99 })).toThrow('it was saved as version 99, and this is 1');
  const [, subject] = [...lived().parts()];
  detection.loadPart(JSON.parse(JSON.stringify(subject)));
  detection.forget();
  expect(detection.all()).toEqual([]);
});
