import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { lives, sequences } from '../model/sequences';
import { removeShelf } from '../model/world';

jest.mock('node:timers/promises', () => require('../model/timers-promises').onTimers());

afterAll(removeShelf);

const wanted = Number(process.env.MODEL_SEQUENCES ?? 100_000);
/** As many as one process plays: programs that crashed in the middle of something are never let go of. */
const CHUNK = 10_000;
const JEST = join(__dirname, '../../node_modules/jest/bin/jest.js');

it(`${wanted} sequences of orders, crashes, faults, drift and clock jumps break no law`, async () => {
  const began = performance.now();
  const first = (fc.readConfigureGlobal().seed ?? Date.now()) | 0;
  if (wanted <= CHUNK) {
    const lived = fc.asyncProperty(sequences(), ([options, commands]) => lives(options, commands));
    return fc.assert(lived, { numRuns: wanted, seed: first });
  }
  for (let tried = 0; tried < wanted; tried += CHUNK) {
    const numRuns = Math.min(CHUNK, wanted - tried);
    const seed = first + tried;
    const env = { ...process.env, MODEL_SEQUENCES: String(numRuns), PROPERTY_SEED: String(seed) };
    execFileSync(process.execPath, [...process.execArgv, JEST, '--runInBand', __filename], {
      ...{ env, stdio: ['ignore', 'ignore', 'inherit'] },
    });
    const perSecond = (tried + numRuns) / ((performance.now() - began) / 1_000);
    process.stdout.write(`${tried + numRuns} sequences, ${perSecond.toFixed(0)}/s, seed ${seed}\n`);
  }
  return undefined;
});
