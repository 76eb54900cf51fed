import fc from 'fast-check';
import { lives, sequences } from './sequences';
import { removeShelf } from './world';

jest.mock('node:timers/promises', () => require('./timers-promises').onTimers());

afterAll(removeShelf);

const tried = Number(process.env.MODEL_SEQUENCES ?? 2_000);

it('whatever happens, in whatever order: the laws hold all the way, and all ends as the orders want it', async () => {
  await fc.assert(
    fc.asyncProperty(sequences(), ([options, commands]) => lives(options, commands)),
    { numRuns: tried },
  );
}, 600_000);
