import fc from 'fast-check';
import { lives, sequences } from '../model/sequences';
import { removeShelf } from '../model/world';

jest.mock('node:timers/promises', () => require('../model/timers-promises').onTimers());

afterAll(removeShelf);

const wanted = Number(process.env.MODEL_SEQUENCES ?? 100_000);
/** One seed's worth: what has grown by then is let go of. */
const CHUNK = 5_000;

it(`${wanted} sequences of orders, crashes, faults, drift and clock jumps break no law`, async () => {
  const began = performance.now();
  const first = (fc.readConfigureGlobal().seed ?? Date.now()) | 0;
  for (let tried = 0; tried < wanted; tried += CHUNK) {
    const numRuns = Math.min(CHUNK, wanted - tried);
    const seed = first + tried;
    await fc.assert(
      fc.asyncProperty(sequences(), ([options, commands]) => lives(options, commands)),
      { numRuns, seed },
    );
    const perSecond = (tried + numRuns) / ((performance.now() - began) / 1_000);
    process.stdout.write(`${tried + numRuns} sequences, ${perSecond.toFixed(0)}/s, seed ${seed}\n`);
  }
});
