import fc from 'fast-check';
import { targets } from '../fuzz/targets';
import { heap } from './heap';

/** Left out: a million. The shares of the targets are of a million. */
const wanted = Number(process.env.FUZZ_INPUTS ?? 1_000_000);
/** One seed's worth: what has grown by then is let go of. */
const CHUNK = 5_000;
/** The first inputs warm things up; by the end of the rest a target may hold so much more. Bytes. */
const MAY_GROW = 48 * 1024 * 1024;

afterAll(() => Promise.all(targets.map((target) => target.close?.())));

it.each(targets.map((target) => [target.name, target] as const))('%s', async (name, target) => {
  const first = (fc.readConfigureGlobal().seed ?? Date.now()) | 0;
  const runs = Math.ceil((target.share * wanted) / 1_000_000);
  const began = performance.now();
  let warm: number | undefined;
  for (let tried = 0; tried < runs; tried += CHUNK) {
    await target.tries(Math.min(CHUNK, runs - tried), first + tried);
    warm ??= heap();
  }
  const grown = heap() - (warm ?? 0);
  const seconds = (performance.now() - began) / 1_000;
  process.stdout.write(
    `${name}: ${runs} inputs, ${(runs / seconds).toFixed(0)}/s, heap ${(grown / 1024 / 1024).toFixed(1)} MB more\n`,
  );
  expect(grown).toBeLessThan(MAY_GROW);
});
